"""Groups, inventories and smart groups that change between the plan, the launch and a relaunch."""

import pytest

from automation import launching
from automation.launching import Launch, PlanChanged
from automation.launching.digests import name_changes, read_signed
from automation.models import Run
from inventory.models import Inventory, Server, ServerGroup
from tests import make

pytestmark = pytest.mark.django_db

URL = "/api/jobs"


@pytest.fixture
def fleet(db) -> dict[str, Server]:
    """web has web1 and web2, region contains web; db1 is in no group."""
    servers = {name: make.server(hostname=name) for name in ("web1", "web2", "db1")}
    web = make.group("web", servers["web1"], servers["web2"])
    make.group("region", children=[web])
    return servers


@pytest.fixture
def staging(fleet) -> Inventory:
    row = make.inventory(name="Staging")
    make.group("api", make.server(hostname="api1", inventory=row))
    return row


@pytest.fixture
def playbook(db):
    return make.playbook(name="hello")


def group(name: str) -> ServerGroup:
    return ServerGroup.objects.get(name=name)


# --- What is shown is what runs -------------------------------------------------------------------


def _join(fleet):
    make.in_groups(fleet["web1"], "db")


def _leave(fleet):
    group("web").members.filter(server=fleet["web1"]).delete()


def _edit_variables(fleet):
    ServerGroup.objects.filter(name="region").update(variables={"version": 2})


def _edit_files(fleet):
    rows = [{"path": "group_vars/web.yml", "variables": {"version": 2}}]
    ServerGroup.objects.filter(name="web").update(variable_files=rows)


def _edit_priority(fleet):
    ServerGroup.objects.filter(name="web").update(priority=7)


def _join_a_neighbour(fleet):
    """The first host of a group may be the one that initialises a cluster."""
    make.in_groups(fleet["db1"], "web")


def _nest(fleet):
    make.group("world", children=[group("region")])


def _set_for_all(fleet):
    make.group("all", inventory=Inventory.objects.default(), variables={"version": 2})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_join, "db"),
        (_leave, "region and web"),
        (_edit_variables, "region"),
        (_edit_files, "web"),
        (_edit_priority, "web"),
        (_join_a_neighbour, "web"),
        (_nest, "world"),
        (_set_for_all, "all"),
    ],
)
def test_the_groups_of_a_server_are_part_of_what_was_shown(fleet, playbook, alice, change, said):
    launch = Launch(playbook=playbook, servers=[Server.objects.get(hostname="web1")])
    shown = launching.rehearse(alice, launch)
    change(fleet)
    now = Server.objects.get(hostname="web1")
    with pytest.raises(PlanChanged) as refused:
        make.launch(playbook, alice, [now], expect=shown.digest)
    before, after = read_signed(shown.signed), refused.value.intention.contents
    assert name_changes(before, after, "hello") == [f"Groups edited since: {said}."]
    assert not Run.objects.exists()


def test_a_group_of_other_servers_is_not(fleet, playbook, alice):
    shown = make.rehearse(playbook, alice, [Server.objects.get(hostname="db1")])
    _edit_variables(fleet)
    db1 = Server.objects.get(hostname="db1")
    assert make.launch(playbook, alice, [db1], expect=shown.digest)
