"""Parts: apps add to each other's lists and pages without knowing each other."""

from dataclasses import replace

import pytest
from django.apps import apps
from django.contrib import admin
from django.core.checks import run_checks
from django.core.exceptions import AppRegistryNotReady
from django.http import HttpResponse
from django.urls import reverse
from unfold.contrib.filters.admin import DropdownFilter

from console.collected import QueueTask
from console.lists import Narrow
from console.pages import ActionPart, ColumnPart, FilterPart, ListToolPart, PanelPart
from console.parts import Part, contribute, contributed, parts_of
from inventory.models import Server
from schema import project
from tests import make

SERVER = "inventory.Server"
LIST = reverse("admin:inventory_server_changelist")


# --- Two independent apps -------------------------------------------------------------------------


@admin.display(description="load")
def load(server):
    return server.measured["load"]


@admin.display(description="disk")
def disk(server):
    return server.measured["disk"]


@admin.display(description="incidents", ordering="hostname")
def incidents(server):
    return f"{len(server.hostname)} incidents"


class Measuring:
    """Data for the columns of the first app: one query per page, however many columns."""

    def __init__(self):
        self.pages = []

    def __call__(self, servers):
        self.pages.append(len(servers))
        found = Server.objects.in_bulk([server.pk for server in servers])
        for server in servers:
            server.measured = {"load": f"load of {server.pk}", "disk": found[server.pk].hostname}


class LoadFilter(DropdownFilter):
    title = "load"
    parameter_name = "load"

    def lookups(self, request, model_admin):
        return [("high", "High")]

    def queryset(self, request, queryset):
        return queryset.filter(hostname__startswith="busy") if self.value() else queryset


class IncidentFilter(LoadFilter):
    title = "incident"
    parameter_name = "incident"


@admin.action(description="Measure now")
def measure_now(model_admin, request, servers):
    return HttpResponse(f"Measured {servers.count()}")


@admin.action(description="Declare an incident")
def declare_incident(model_admin, request, servers):
    return HttpResponse(f"Declared on {servers.count()}")


@pytest.fixture
def page_of(tmp_path, settings):
    """`page_of("monitoring", "<p>…</p>")`: the name of a template that an app might have."""
    settings.TEMPLATES = [
        {**engine, "DIRS": [*engine["DIRS"], tmp_path]} for engine in settings.TEMPLATES
    ]

    def written(app, text):
        (tmp_path / f"_{app}.html").write_text(text)
        return f"_{app}.html"

    return written


@pytest.fixture
def measuring():
    return Measuring()


@pytest.fixture
def monitoring(page_of, measuring):
    """The parts of one app."""
    return [
        ColumnPart(model=SERVER, show=load, attach=measuring, cell_filter=Narrow("load", "pk")),
        ColumnPart(model=SERVER, show=disk, attach=measuring),
        FilterPart(model=SERVER, list_filter=LoadFilter),
        ActionPart(model=SERVER, act=measure_now, permission="inventory.check_server"),
        PanelPart(
            model=SERVER,
            template=page_of("monitoring", "<h2>Load {{ measured }} of {{ server }}</h2>"),
            context=lambda request, server: {"measured": server.pk},
            order=12,
        ),
    ]


@pytest.fixture
def collaboration(page_of):
    """The parts of its sibling."""
    return [
        ColumnPart(model=SERVER, show=incidents, order=-1),
        FilterPart(model=SERVER, list_filter=IncidentFilter),
        ActionPart(
            model=SERVER,
            act=declare_incident,
            permission="inventory.change_server",
            order=-15,
            acted_rows=2,
        ),
        PanelPart(
            model=SERVER,
            # The same name as in its sibling, with another value.
            template=page_of("collaboration", "<h2>Incidents: {{ measured }}</h2>"),
            context=lambda request, server: {"measured": "none"},
            order=11,
        ),
    ]


@pytest.fixture
def both(monitoring, collaboration):
    with contributed(*monitoring, *collaboration):
        yield


def page(server):
    return server.get_absolute_url()


def offered(client):
    """The names of the list's actions, in order."""
    form = client.get(LIST).context["action_form"]
    return [name for name, _words in form.fields["action"].choices] if form else []


# --- Lists ----------------------------------------------------------------------------------------


def test_both_add_columns_around_the_list_s_own(client_of, bob, both):
    server = make.server()
    answer = client_of(bob).get(LIST)
    names = [getattr(each, "__name__", each) for each in answer.context["cl"].list_display]
    assert names[0] == "incidents" and names[-2:] == ["load", "disk"] and "last_job" in names
    text = answer.content.decode()
    assert f"load of {server.pk}" in text and f"{len(server.hostname)} incidents" in text


def test_rows_of_a_page_are_prepared_once_for_all_columns(
    client_of, boss, both, measuring, query_ceiling
):
    make.server()
    client = client_of(boss)
    client.get(LIST)
    for _ in range(8):
        make.server()
    with query_ceiling(10):
        assert client.get(LIST).status_code == 200
    assert measuring.pages == [1, 9]


def test_a_contributed_cell_narrows_and_both_filters_do(client_of, bob, both):
    busy, idle = make.server(hostname="busy.example.com"), make.server(hostname="idle.example.com")
    client = client_of(bob)
    assert f"?load={busy.pk}" in client.get(LIST).content.decode()
    for parameter in ("load", "incident"):
        answer = client.get(LIST, {parameter: "high"})
        assert list(answer.context["cl"].result_list) == [busy]
        assert [chip.value for chip in answer.context["cl"].chips] == ["High"]
    assert client.get(LIST, {"uptime": "high"}).status_code == 302
    assert idle.hostname in client.get(LIST).content.decode()


def test_a_contributed_column_orders_by_its_name(client_of, bob, both):
    for name in ("b.example.com", "a.example.com", "c.example.com"):
        make.server(hostname=name)
    answer = client_of(bob).get(LIST, {"o": "-incidents"})
    rows = answer.context["cl"]
    assert [server.hostname[0] for server in rows.result_list] == ["c", "b", "a"]
    assert rows.saveable == "o=-incidents"


def test_actions_of_both_stand_where_their_order_says(client_of, boss, both):
    names = offered(client_of(boss))
    expected = ["run_playbook", "declare_incident", "check_connection", "activate", "deactivate"]
    assert names[2:7] == expected and names[-1] == "measure_now"


def test_an_action_is_only_for_whom_its_permission_names(client_of, boss, alice, bob, both):
    server = make.server()
    may = {boss: {"measure_now", "declare_incident"}, alice: {"measure_now"}, bob: set()}
    for user, names in may.items():
        client = client_of(user)
        assert {"measure_now", "declare_incident"} & set(offered(client)) == names
        for name, said in (("measure_now", b"Measured 1"), ("declare_incident", b"Declared on 1")):
            answer = client.post(LIST, {"action": name, "_selected_action": [server.pk]})
            assert (answer.content == said) is (name in names)


def test_an_action_takes_as_many_rows_as_it_says(client_of, boss, both):
    servers = [make.server() for _ in range(3)]
    sent = {"_selected_action": [servers[0].pk], "select_across": "1"}
    answer = client_of(boss).post(LIST, {**sent, "action": "declare_incident"}, follow=True)
    assert "takes up to 2 rows at once" in answer.content.decode()
    answer = client_of(boss).post(LIST, {**sent, "action": "measure_now"})
    assert answer.content == b"Measured 3"


def test_no_action_is_offered_where_a_row_is_picked(client_of, boss, both):
    make.server()
    popup = client_of(boss).get(LIST, {"_popup": "1"}).content.decode()
    assert "measure_now" not in popup and "run_playbook" not in popup


def test_tools_of_both_stand_above_every_list(client_of, bob, page_of):
    template = page_of("monitoring", "<p>{{ said }} {{ cl.name }}</p>")
    tools = [
        ListToolPart(template=template, context=lambda request, rows: {"said": f"As {rows.query}"}),
        ListToolPart(template=page_of("collaboration", "<p>Share {{ cl.name }}</p>"), order=1),
    ]
    client = client_of(bob)
    with contributed(*tools):
        for name in ("inventory_server", "tickets_ticket"):
            text = client.get(reverse(f"admin:{name}_changelist"), {"q": "web"}).content.decode()
            assert text.index(f"<p>Share {name}</p>") < text.index(f"<p>As web {name}</p>")


# --- Pages ----------------------------------------------------------------------------------------


def test_both_add_a_panel_in_its_place_each_with_its_own_context(client_of, bob, both):
    server = make.server(hostname="web7.example.com")
    text = client_of(bob).get(page(server)).content.decode()
    expected = ["Incidents: none", f"Load {server.pk} of web7.example.com", "Recent jobs", "Facts"]
    places = [text.index(f">{heading}</h2>") for heading in expected]
    assert places == sorted(places)


def test_a_context_is_asked_for_once_however_many_panels_have_it(client_of, bob, page_of):
    asked = []

    def context(request, row):
        asked.append((request.user, row.pk))
        return {"found": "there"}

    panel = PanelPart(model=SERVER, template=page_of("x", "{{ found }}, "), context=context)
    with contributed(panel, replace(panel, place="facts"), replace(panel, order=1)):
        server = make.server()
        assert client_of(bob).get(page(server)).content.decode().count("there, ") == 3
    assert asked == [(bob, server.pk)]


@pytest.mark.parametrize(
    ("model", "make_row"),
    [
        ("automation.Job", make.job),
        ("automation.Run", lambda: make.job().run),
        ("automation.Playbook", make.playbook),
        ("tickets.Ticket", make.ticket),
    ],
)
def test_the_other_pages_have_a_place_for_panels_too(client_of, boss, page_of, model, make_row):
    panel = PanelPart(
        model=model,
        template=page_of("monitoring", "<p>about {{ about }} for {{ user }}</p>"),
        context=lambda request, row: {"about": row.pk},
    )
    row = make_row()
    client = client_of(boss)
    with contributed(panel):
        shown = client.get(row.get_absolute_url()).content.decode()
    assert f"<p>about {row.pk} for boss</p>" in shown
    assert "<p>about" not in client.get(row.get_absolute_url()).content.decode()


def test_each_of_our_models_has_its_admin_from_its_own_app():
    ours = {model._meta.app_label for model in project.models()}
    strangers = {
        model._meta.label: type(model_admin).__module__
        for model, model_admin in admin.site._registry.items()
        if model._meta.app_label in ours
        and type(model_admin).__module__.split(".")[0] != model._meta.app_label
    }
    assert strangers == {}


# --- Collecting parts -----------------------------------------------------------------------------


class Word(Part):
    pass


def test_parts_have_an_order_come_once_and_leave_with_their_block():
    late, early = Word(order=30), Word(order=20)
    with contributed(late, early):
        contribute(late)
        assert parts_of(Word) == [early, late]
    assert parts_of(Word) == []


def test_what_does_not_fit_is_told_when_the_project_is_checked(page_of):
    misfits = [
        FilterPart(model="inventory.Sever", list_filter=LoadFilter),
        PanelPart(model=SERVER, template="nowhere.html"),
        ListToolPart(template="nor_here.html"),
        ColumnPart(model=SERVER, show=load),
        ColumnPart(model=SERVER, show=load, order=3),
        QueueTask(function="automation.tasks.run_nothing"),
    ]
    with contributed(*misfits):
        told = [error.msg for error in run_checks() if error.id == "console.E001"]
    assert len(told) == 5
    assert "model inventory.Sever, which does not exist" in told[0]
    assert "template nowhere.html, which does not exist" in told[1]
    assert "template nor_here.html, which does not exist" in told[2]
    assert told[3] == "The queue may run automation.tasks.run_nothing, which does not exist."
    assert told[4] == "2 parts for inventory.Server are called load."
    assert [error for error in run_checks() if error.id == "console.E001"] == []


def test_parts_are_not_known_before_all_apps_are_there(monkeypatch):
    """A module that asks during its import would miss some."""
    monkeypatch.setattr(apps, "ready", False)
    with pytest.raises(AppRegistryNotReady, match="once every app is ready"):
        parts_of(Word)
