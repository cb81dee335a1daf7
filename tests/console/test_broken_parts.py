"""Invalid parts are reported by name; a part that breaks loses only its own place."""

import pytest
from django.core.checks import run_checks
from django.template import TemplateDoesNotExist
from django.urls import reverse

from console.collected import Condition, FirstStep, HealthCheck, HomePanel, MenuEntry, Verb
from console.pages import ActionPart, ColumnPart, FilterPart, ListToolPart, PanelPart
from console.parts import contributed
from tests import make
from tests.console.test_parts import LoadFilter

SERVER = "inventory.Server"
LIST = reverse("admin:inventory_server_changelist")


class EnvironmentFilter(LoadFilter):
    parameter_name = "environment"


def active_pill(server):
    return "on"


def measure_now(model_admin, request, servers):
    return None


def activate(model_admin, request, servers):
    return None


def nothing(request, rest):
    return []


@pytest.mark.parametrize(
    ("misfit", "told"),
    [
        (FilterPart(model="accounts.SavedView", list_filter=LoadFilter), "has no admin"),
        (FilterPart(model=SERVER, list_filter=EnvironmentFilter), "called environment, like one"),
        (ColumnPart(model=SERVER, show=active_pill), "called active_pill, like one of the list's"),
        (ActionPart(model=SERVER, act=activate, permission="inventory.check_server"), "activate"),
        (HomePanel(app="x", name="x", template="home_nowhere.html"), "home_nowhere.html"),
        (FirstStep(template="step_nowhere.html", is_done=None), "step_nowhere.html"),
        (MenuEntry(words="Lost", icon="star", url_name="x:nowhere"), "unknown URL: x:nowhere"),
        (MenuEntry(words="Twice", icon="star", url_name="home", keys="g h"), "the keys g h"),
        (HealthCheck(name="queue", examine=Condition), "2 health checks called queue"),
        (HomePanel(app="x", name="needs", template="500.html"), "home page called needs"),
        (
            MenuEntry(words="Typo", icon="star", url_name="home", permission="inventory.see"),
            "permission inventory.see, which does not exist",
        ),
        (
            ActionPart(model=SERVER, act=measure_now, permission="inventory.chekc_server"),
            "permission inventory.chekc_server",
        ),
        (
            Verb(names=("do",), icon="star", find=nothing, permission="inventory.od"),
            "permission inventory.od",
        ),
    ],
)
def test_each_misfit_is_told_by_its_name(misfit, told):
    with contributed(misfit):
        (error,) = [each for each in run_checks() if each.id in ("console.E001", "accounts.E002")]
    assert told in error.msg


def test_a_template_that_is_wrong_is_told_with_its_error(tmp_path, settings):
    settings.TEMPLATES = [
        {**engine, "DIRS": [*engine["DIRS"], tmp_path]} for engine in settings.TEMPLATES
    ]
    (tmp_path / "_wrong.html").write_text("{% nonsense %}")
    with contributed(PanelPart(model=SERVER, template="_wrong.html")):
        (error,) = [each for each in run_checks() if each.id == "console.E001"]
    assert "_wrong.html" in error.msg and "nonsense" in error.msg


# --- Parts that break -----------------------------------------------------------------------------


def broken(*_anything):
    raise RuntimeError("It is 3 a.m.")


BROKEN_PANELS = [
    PanelPart(model=SERVER, template="500.html", context=broken),
    PanelPart(model=SERVER, template="nowhere.html", place="facts"),
]


def test_a_panel_that_breaks_leaves_the_page_and_its_panels_standing(
    client_of, bob, settings, caplog
):
    settings.RAISE_IN_PARTS = False
    server = make.server()
    with contributed(*BROKEN_PANELS, ListToolPart(template="500.html", context=broken)):
        answer = client_of(bob).get(server.get_absolute_url())
        shown = answer.content.decode()
        listed = client_of(bob).get(LIST).content.decode()
    assert answer.status_code == 200 and shown.count("This panel could not be shown") == 2
    assert "Recent jobs" in shown and "Facts" in shown
    assert "This panel could not be shown" in listed and server.hostname in listed
    assert "500.html" in caplog.text and "It is 3 a.m." in caplog.text
    assert "nowhere.html" in caplog.text


@pytest.mark.parametrize("panel", BROKEN_PANELS, ids=lambda panel: panel.template)
def test_a_panel_that_breaks_breaks_a_test(client_of, bob, panel):
    with contributed(panel), pytest.raises((RuntimeError, TemplateDoesNotExist)):
        client_of(bob).get(make.server().get_absolute_url())
