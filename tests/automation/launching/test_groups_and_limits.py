"""Launches on groups, smart groups and patterns: in the form, the API and a terminal."""

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from audit.models import AuditLog
from automation.models import Run
from inventory.models import Inventory, Server
from tests import make
from tests.automation.sending import send_launch

pytestmark = pytest.mark.django_db

URL = "/api/jobs"


@pytest.fixture
def fleet(db) -> dict[str, Server]:
    """region contains web (web1, web2) and has lb1; db1 is in no group. staging has a web1, too."""
    servers = {name: make.server(hostname=name) for name in ("web1", "web2", "lb1", "db1")}
    web = make.group("web", servers["web1"], servers["web2"])
    make.group("region", servers["lb1"], children=[web])
    return servers


@pytest.fixture
def staging(fleet) -> Inventory:
    row = make.inventory(name="Staging")
    make.group("web", make.server(hostname="web1", inventory=row))
    return row


@pytest.fixture
def playbook(db):
    return make.playbook(name="hello")


def launched_on(run: Run) -> list[str]:
    return [job.server.hostname for job in run.jobs.order_by("id")]


def form(playbook, **more):
    return {"playbook": playbook.pk, "verbosity": 0, "forks": 5, "key": "k", **more}


@pytest.mark.parametrize(
    ("given", "flags", "field", "expected"),
    [
        ({"groups": ["web"]}, ["--group=web"], {"groups": "web"}, ["web1", "web2"]),
        (
            *({"groups": ["region"]}, ["--group=region"], {"groups": "region@default"}),
            ["lb1", "web1", "web2"],
        ),
        (
            *({"limit": "region:!web1"}, ["--limit=region:!web1"], {"limit": "region:!web1"}),
            ["lb1", "web2"],
        ),
    ],
)
def test_they_are_launched_everywhere_alike(
    fleet, playbook, api_of, client_of, alice, boss, given, flags, field, expected
):
    assert api_of(alice).post(URL, {"playbook_id": playbook.pk, **given}).status_code == 201
    call_command("run_playbook", "hello", "--no-wait", *flags)
    send_launch(client_of(alice), form(playbook, **field))
    assert [launched_on(run) for run in Run.objects.order_by("id")] == [expected] * 3


def test_several_groups_are_all_of_their_servers(fleet, playbook, api_of, alice, boss):
    make.group("db", fleet["db1"])
    Server.objects.filter(hostname__in=["db1", "web1", "lb1"]).update(tags={"x": True})
    body = {"playbook_id": playbook.pk, "groups": ["db", "web"], "dry_run": True}
    assert api_of(alice).post(URL, body).json()["servers"] == ["db1", "web1", "web2"]
    call_command("run_playbook", "hello", "--no-wait", "--group=db", "--group=web", "--tag=x")
    assert launched_on(Run.objects.get()) == ["db1", "web1"]


def test_the_run_keeps_how_its_servers_were_chosen(fleet, playbook, api_of, client_of, alice):
    body = {"playbook_id": playbook.pk, "limit": "web:!web2"}
    answer = api_of(alice).post(URL, body)
    run = Run.objects.get(pk=answer.json()["run_id"])
    assert run.chosen_by == {"limit": "web:!web2"}
    assert api_of(alice).get(f"/api/runs/{run.pk}").json()["chosen_by"] == run.chosen_by
    assert AuditLog.objects.get(action="run.launched").details["chosen_by"] == run.chosen_by
    shown = client_of(alice).get(run.get_absolute_url()).content.decode()
    assert "limit web:!web2" in shown
    # A relaunch is on the run's servers, whatever the pattern means by then.
    Run.objects.filter(pk=run.pk).update(state="finished", outcome="success")
    run.refresh_from_db()
    make.group("late", fleet["db1"])
    again = make.relaunch(run, alice)
    assert (again.chosen_by, launched_on(again)) == ({}, ["web1"])


def test_the_preview_shows_the_servers_of_a_pattern(fleet, playbook, client_of, alice):
    path = reverse("automation:job_launch_plan")
    page = client_of(alice).post(path, form(playbook, limit="re*:!lb1")).content.decode()
    assert "Selected: 2 of 4 active servers" in page
    assert "web1 ·" in page and "web2 ·" in page and "lb1 ·" not in page
    wrong = client_of(alice).post(path, form(playbook, limit="wbe")).content.decode()
    assert "There is no server or group “wbe”. Did you mean “web”?" in wrong
    nothing = client_of(alice).post(path, form(playbook, limit="web:&db1")).content.decode()
    assert "No active server matches." in nothing


def test_what_is_shown_is_what_runs(fleet, playbook, api_of, alice):
    body = {"playbook_id": playbook.pk, "limit": "web"}
    shown = api_of(alice).post(URL, body | {"dry_run": True}).json()
    make.in_groups(fleet["db1"], "web")
    answer = api_of(alice).post(URL, body | {"expect": shown["digest"]})
    assert (answer.status_code, answer.json()["rehearsal"]["server_count"]) == (409, 3)
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    ("given", "field", "message"),
    [
        ({"groups": ["wbe"]}, "groups", "There is no group “wbe”."),
        ({"groups": ["web"]}, "groups", "“web” is in several inventories: web@Staging, web@def"),
        ({"groups": ["web"], "inventory": "x"}, "inventory", "There is no inventory “x”."),
        ({"limit": "wbe"}, "limit", "There is no server or group “wbe”."),
        ({"groups": []}, "groups", "may not be empty"),
        ({"groups": ["region"], "server_ids": "lb1"}, "server_id", "Send exactly one of"),
    ],
)
def test_the_api_says_what_is_wrong(staging, playbook, api_of, alice, given, field, message):
    if "server_ids" in given:
        given = given | {"server_ids": [Server.objects.get(hostname=given["server_ids"]).pk]}
    answer = api_of(alice).post(URL, {"playbook_id": playbook.pk, **given})
    assert answer.status_code == 400
    assert message in str(answer.json()["fields"].get(field))
    assert not Run.objects.exists()


def test_a_terminal_says_what_is_wrong(staging, playbook, boss):
    for flags, message in (
        (["--group=web"], "“web” is in several inventories: web@Staging, web@default"),
        (["--limit=wbe"], "There is no server or group “wbe”"),
        (["--limit=web", "--server=lb1"], "Give either --server, or any of --inventory, --group, "),
    ):
        with pytest.raises(CommandError, match=message):
            call_command("run_playbook", "hello", *flags)
    call_command("run_playbook", "hello", "--no-wait", "--group=web@staging")
    assert launched_on(Run.objects.get()) == ["web1@staging"]


# --- Smart groups ---------------------------------------------------------------------------------


def test_a_smart_group_is_launched_on_whoever_matches_now(fleet, playbook, api_of, alice, boss):
    make.smart_group("canaries", filter={"tag": "canary", "group": "region"})
    for name in ("web2", "db1"):
        Server.objects.filter(hostname=name).update(tags={"canary": True})
    body = {"playbook_id": playbook.pk, "groups": ["canaries"]}
    assert api_of(alice).post(URL, body).status_code == 201
    assert launched_on(Run.objects.latest("id")) == ["web2"]
    Server.objects.filter(hostname="lb1").update(tags={"canary": True})
    call_command("run_playbook", "hello", "--no-wait", "--group=canaries@default")
    assert launched_on(Run.objects.latest("id")) == ["lb1", "web2"]


def test_the_form_offers_groups_with_their_servers(fleet, staging, client_of, alice):
    Server.objects.filter(hostname="web2").update(is_active=False)
    make.smart_group("everything", filter={"environment": "development"})
    page = client_of(alice).get(reverse("automation:job_launch")).content.decode()
    for value, text in (
        ("region@default", "region (2)"),
        ("web@default", "web (1)"),
        ("web@Staging", "web (1)"),
        ("everything@default", "everything (3)"),
    ):
        assert f'<option value="{value}">{text}</option>' in page


@pytest.mark.parametrize("query", ["groups=web%40Staging", "groups=region", "inventory=staging"])
def test_a_link_fills_in_the_choice(staging, client_of, alice, query):
    page = client_of(alice).get(f"{reverse('automation:job_launch')}?{query}")
    name, _sign, value = query.partition("=")
    chosen = {"web%40Staging": "web@Staging", "region": "region@default", "staging": "Staging"}
    assert page.context["form"][name].value() == chosen[value]


@pytest.mark.parametrize("query", ["groups=x", "groups=web", "inventory=x"])
def test_a_link_to_nothing_is_not_found(staging, client_of, alice, query):
    assert client_of(alice).get(f"{reverse('automation:job_launch')}?{query}").status_code == 404
