"""Groups, inventories and smart groups that change between the plan, the launch and a relaunch."""

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.urls import reverse

from automation import launching
from automation.launching import Choice, Launch, PlanChanged
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


# --- Once more ------------------------------------------------------------------------------------


@pytest.fixture
def whole_run(staging, playbook, alice) -> Run:
    run = make.launch(playbook, alice, Choice(inventory="Staging"))
    run.cancel(alice)
    return run


def test_edit_and_relaunch_of_a_whole_inventory_stays_one(whole_run, client_of, alice):
    path = f"{reverse('automation:job_launch')}?run={whole_run.pk}"
    form = client_of(alice).get(path).context["form"]
    assert (form["inventory"].value(), form["servers"].value()) == ("Staging", [])
    named = client_of(alice).get(f"{path}&server={whole_run.jobs.get().server_id}").context["form"]
    assert not named["inventory"].value() and len(named["servers"].value()) == 1


def test_the_last_values_of_a_whole_inventory_are_one_again(whole_run, playbook, client_of, alice):
    path = f"{reverse('automation:job_launch_variables')}?playbook={playbook.pk}"
    offered = client_of(alice).get(path).context["remembered"]
    assert '"inventory": "Staging"' in offered.fields() and '"servers": []' in offered.fields()


def test_a_repeated_request_is_the_same_launch_whoever_is_in_the_group(
    fleet, playbook, api_of, alice
):
    body, key = {"playbook_id": playbook.pk, "groups": ["web"]}, {"Idempotency-Key": "k1"}
    first = api_of(alice).post(URL, body, headers=key)
    make.in_groups(fleet["db1"], "web")
    again = api_of(alice).post(URL, body, headers=key)
    assert (first.status_code, again.status_code) == (201, 200), again.content
    assert again.json()["run_id"] == first.json()["run_id"]
    other = api_of(alice).post(URL, body | {"groups": ["region"]}, headers=key)
    assert other.status_code == 409


# --- A launch for each inventory ------------------------------------------------------------------


def test_each_offered_launch_can_be_made(staging, playbook, api_of, alice):
    """Groups that only one of the inventories has, by their bare names."""
    body = {"playbook_id": playbook.pk, "groups": ["web", "api"]}
    choices = api_of(alice).post(URL, body).json()["choices"]
    assert [each["body"] for each in choices] == [
        {"groups": ["web@default"], "inventory": "default"},
        {"groups": ["api@Staging"], "inventory": "Staging"},
    ]
    for each in choices:
        made = api_of(alice).post(URL, {"playbook_id": playbook.pk, **each["body"]})
        assert made.status_code == 201
    assert [run.jobs.count() for run in Run.objects.order_by("id")] == [2, 1]


# --- Nothing, and everything ----------------------------------------------------------------------


@pytest.mark.parametrize("flag", ["limit", "environment", "tag", "search", "group", "inventory"])
@pytest.mark.parametrize("value", ["", " "])
def test_an_empty_option_of_the_command_is_no_launch_on_everything(
    fleet, playbook, boss, flag, value
):
    """--limit "$HOSTS" of a script in which that is not set."""
    other = "--search=web" if flag == "inventory" else "--inventory=default"
    with pytest.raises(CommandError, match=f"--{flag} is empty"):
        call_command("run_playbook", "hello", "--no-wait", other, f"--{flag}={value}")
    assert not Run.objects.exists()


def test_a_smart_group_of_a_deleted_group_says_so(fleet, playbook, api_of, client_of, alice):
    smart = make.smart_group("canaries", filter={"group": "region"})
    group("region").delete()
    said = "The smart group “canaries” asks for the group “region”, which is not there."
    answer = api_of(alice).post(URL, {"playbook_id": playbook.pk, "groups": ["canaries"]})
    assert (answer.status_code, answer.json()["fields"]) == (400, {"groups": [said]})
    assert said in str(api_of(alice).get("/api/servers?group=canaries").json())
    page = client_of(alice).get(smart.get_absolute_url()).content.decode()
    assert "0: the inventory has no group “region”" in page


def test_many_unknown_names_are_one_short_message(fleet, django_assert_max_num_queries):
    names = ",".join(f"host{number}" for number in range(120))
    with django_assert_max_num_queries(20), pytest.raises(ValidationError) as refused:
        _ = Choice(limit=names).servers
    said = " ".join(refused.value.messages)
    assert said.count("There is no server or group") == 3 and "… and 117 more." in said
