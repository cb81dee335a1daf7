"""What an app adds to the whole console shows for those who may see it, and goes with the app."""

import json
from types import ModuleType

import pytest
from django.core.cache import cache
from django.template import engines
from django.urls import clear_url_caches, include, path, reverse
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from console import parts
from console.collected import (
    Condition,
    Endpoint,
    FirstStep,
    HealthCheck,
    HomeNumbers,
    HomePanel,
    HomeTiles,
    MenuEntry,
    RolePermissions,
    RowSearch,
)
from infraops import api as console_api
from infraops import health, navigation
from inventory.models import Server
from tests import make

HOME = reverse("home")
SEARCH = reverse("command_search")
FOR_OPERATORS = "automation.launch_playbook"


@pytest.fixture(autouse=True)
def nothing_remembered():
    cache.clear()


@pytest.fixture
def template(monkeypatch):
    """`template("made_up.html", "text")`: a template that is not in any file."""
    added: dict[str, str] = {}
    loaders = engines["django"].engine.template_loaders
    find = loaders[0].get_template

    def found(name, *args, **kwargs):
        if name in added:
            return engines["django"].engine.from_string(added[name])
        return find(name, *args, **kwargs)

    monkeypatch.setattr(loaders[0], "get_template", found)
    return added.__setitem__


def shortcuts(page: str) -> list[dict[str, str]]:
    text = page.split('<script id="io-shortcuts" type="application/json">')[1]
    return json.loads(text.split("</script>")[0])


def test_a_menu_entry_stands_in_the_sidebar_and_on_the_keyboard(client_of, alice, bob):
    entry = MenuEntry(
        words="Made up",
        icon="star",
        url_name="automation:job_launch",
        query="?made=up",
        permission=FOR_OPERATORS,
        group="Operations",
        keys="g m",
        order=215,
    )
    with parts.contributed(entry):
        answer = client_of(alice).get(HOME)
        groups = {group["title"]: group for group in answer.context["sidebar_navigation"]}
        titles = [item["title"] for item in groups["Operations"]["items"]]
        assert titles[:3] == ["Jobs", "Made up", "Tickets"]
        told = {"keys": "g m", "words": "Made up", "url": "/jobs/launch/?made=up"}
        assert told in shortcuts(answer.content.decode())
        assert "Made up" not in client_of(bob).get(HOME).content.decode()
    assert "Made up" not in client_of(alice).get(HOME).content.decode()


def test_a_group_stands_where_its_first_entry_does(rf, boss):
    entry = MenuEntry(words="New", icon="star", url_name="home", group="Analysis", order=350)
    request = rf.get("/")
    request.user, request.resolver_match = boss, None
    with parts.contributed(entry):
        titles = [group["title"] for group in navigation.sidebar(request)]
    assert titles == ["", "Operations", "Inventory", "Analysis", "Administration"]


def test_the_keyboard_knows_only_where_one_may_go(client_of, boss, bob):
    known = [each["keys"] for each in shortcuts(client_of(boss).get(HOME).content.decode())]
    assert known == ["g h", "r", "g j", "g t", "g s", "g p", "g a"]
    known = [each["keys"] for each in shortcuts(client_of(bob).get(HOME).content.decode())]
    assert known == ["g h", "g j", "g t", "g s", "g p"]


def test_no_two_entries_have_the_same_keys():
    keys = [entry.keys for entry in parts.parts_of(MenuEntry) if entry.keys]
    assert len(keys) == len(set(keys))


def test_the_search_finds_made_up_rows_for_whoever_may_see_them(client_of, alice, bob):
    make.server(hostname="web1.example.com")
    kind = RowSearch(
        permission=FOR_OPERATORS,
        icon="star",
        find=lambda text: Server.objects.all() if text == "made up" else Server.objects.none(),
        describe=lambda row: "Found by a part",
    )

    def found(user):
        cache.clear()
        return client_of(user).get(SEARCH, {"s": "made up", "extended": 1}).content.decode()

    with parts.contributed(kind):
        assert "Found by a part" in found(alice) and "web1.example.com" in found(alice)
        assert "Found by a part" not in found(bob)
    assert "Found by a part" not in found(alice)


class MadeUpViewSet(ViewSet):
    permission_classes = [IsAuthenticated]

    def list(self, request):
        return Response({"made": "up"})


def test_an_endpoint_answers_and_stands_in_the_root(api_of, bob, settings):
    endpoint = Endpoint(
        prefix="made-up",
        viewset=MadeUpViewSet,
        basename="made-up",
        root={"made-up": "made-up-list"},
    )
    urls = ModuleType("made_up_urls")
    with parts.contributed(endpoint):
        patterns = [*console_api.routes(), *console_api.urlpatterns]
        urls.urlpatterns = [path("api/", include((patterns, "api")))]
        settings.ROOT_URLCONF = urls
        clear_url_caches()
        assert api_of(bob).get("/api/").json()["made-up"] == "http://testserver/api/made-up"
        assert api_of(bob).get("/api/made-up").json() == {"made": "up"}
    assert "made-up" not in console_api.root()
    assert "made-up-list" not in [route.name for route in console_api.routes()]


def test_what_has_to_work_is_asked_unless_its_basis_fails(api_of, boss):
    asked = []

    def broken():
        asked.append("made up")
        return Condition("It is made up.")

    with parts.contributed(HealthCheck(name="made up", examine=broken)):
        told = api_of(boss).get("/api/health").json()["parts"]
        assert list(told) == [
            *("database", "queue", "worker", "state", "audit", "variables"),
            *("inventory_sources", "made up"),
        ]
        assert told["made up"] == {"status": "unhealthy", "reason": "It is made up."}
        basis = HealthCheck(name="basis", examine=broken, is_basis=True, order=-1)
        with parts.contributed(basis):
            assert list(health.examine()) == ["basis"]
    assert "made up" not in health.examine() and len(asked) == 2


def test_a_permission_is_its_roles_and_that_of_those_above(alice, bob, boss):
    given = RolePermissions(app="made_up", operator=("made_up.view_star",))
    with parts.contributed(given):
        users = (bob, alice, boss)
        assert [user.has_perm("made_up.view_star") for user in users] == [False, True, True]
    assert not boss.has_perm("made_up.view_star")


def test_tiles_and_panels_are_filled_in_for_whoever_may_see_them(
    client_of, alice, bob, template, settings
):
    counted = []

    def count(request, figures):
        counted.append(request.user.username)
        return {"now": f"{request.user} sees", "star": figures["star"]}

    template("tile.html", '<a class="io-tile">{{ now }} {{ star }}</a>')
    template("panel.html", "<p>Panel of {{ star }}, {{ as_of|date:'Y' }}</p>")
    where = {"app": "made_up", "permission": FOR_OPERATORS}
    with parts.contributed(
        HomeNumbers(app="made_up", count=count, figures=lambda: {"star": "Sirius"}),
        HomeTiles(template="tile.html", **where),
        HomePanel(name="star", template="panel.html", order=15, **where),
    ):
        page = client_of(alice).get(HOME).content.decode()
        assert "alice sees Sirius" in page and "Panel of Sirius, 20" in page
        assert page.index('data-part="needs"') < page.index('data-part="star"')
        # Alternately left and right: it heads the right column.
        assert page.index('data-part="star"') < page.index('data-part="chart"')
        assert "Sirius" in client_of(alice).get(reverse("home_live")).content.decode()
        assert "Sirius" not in client_of(bob).get(HOME).content.decode()
        assert set(counted) == {"alice"}, "For bob nothing was counted."
    assert "Sirius" not in client_of(alice).get(HOME).content.decode()


def test_a_first_step_is_shown_until_it_is_done(client_of, boss, template):
    done = []
    template("step.html", "<strong>Wish for something.</strong>")
    with parts.contributed(FirstStep(template="step.html", is_done=lambda: bool(done))):
        assert "Wish for something." in client_of(boss).get(HOME).content.decode()
        make.server(), make.playbook()
        assert "Wish for something." in client_of(boss).get(HOME).content.decode()
        done.append("yes")
        assert "First steps" not in client_of(boss).get(HOME).content.decode()


# --- Parts that break -----------------------------------------------------------------------------


def broken(*_anything):
    raise RuntimeError("It is 3 a.m.")


@pytest.mark.parametrize("what", ["count", "figures", "is_new"])
def test_numbers_that_break_cost_their_own_panels(client_of, bob, template, settings, caplog, what):
    settings.RAISE_IN_PARTS = False
    template("panel.html", "<p>{{ star }}</p>")
    numbers = {"count": lambda request, figures: {}, what: broken}
    with parts.contributed(
        HomeNumbers(app="made_up", **numbers),
        HomePanel(name="star", app="made_up", template="panel.html"),
    ):
        for url in (HOME, reverse("home_live")):
            page = client_of(bob).get(url).content.decode()
            assert page.count("This panel could not be shown") == 1
            assert 'data-part="running"' in page
    assert "made_up" in caplog.text and "It is 3 a.m." in caplog.text


def test_a_menu_entry_and_a_search_that_break_are_left_out(client_of, bob, settings, caplog):
    settings.RAISE_IN_PARTS = False
    make.server(hostname="web1.example.com")
    with parts.contributed(
        MenuEntry(words="Lost", icon="star", url_name="x:nowhere", keys="g x"),
        RowSearch(permission="", icon="star", find=broken, describe=str, order=1),
        FirstStep(template="500.html", is_done=broken),
    ):
        home = client_of(bob).get(HOME)
        assert home.status_code == 200 and "Lost" not in home.content.decode()
        found = client_of(bob).get(SEARCH, {"s": "web1", "extended": 1}).content.decode()
    assert "web1.example.com" in found
    assert "Lost" in caplog.text and "It is 3 a.m." in caplog.text
