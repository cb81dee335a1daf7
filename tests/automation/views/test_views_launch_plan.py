"""The launch form's preview: the plan, production, and the user's last values."""

import json

import pytest
from django.urls import reverse

from audit.models import AuditLog
from automation.models import Run
from tests import make
from tests.automation.sending import send_launch

from .test_views_launch import LAUNCH, SCHEMA, filled, without_variables

PLAN = reverse("automation:job_launch_plan")
VARIABLES = reverse("automation:job_launch_variables")


@pytest.fixture
def playbook(db):
    return make.playbook(name="Deploy", variables=SCHEMA)


@pytest.fixture
def servers(db):
    make.server(hostname="other.example.com")
    return [
        make.server(hostname="web1.example.com", environment="production"),
        make.server(hostname="web2.example.com", environment="staging"),
    ]


def plan(client, form):
    answer = client.post(PLAN, form)
    assert answer.status_code == 200
    return answer.content.decode()


def test_it_says_what_would_run_and_runs_nothing(client_of, alice, playbook, servers):
    page = plan(client_of(alice), filled(playbook, servers, check_mode="on", var_password="s3cret"))
    assert "Runs “Deploy” on 2 of 3 active servers" in page
    assert "in check mode (no changes)." in page
    assert "Run in check mode on 2 servers, 1 of them in production" in page
    assert "--check --forks 5" in page and "s3cret" not in page
    assert "data-error-of" not in page
    assert not Run.objects.exists() and not AuditLog.objects.filter(action="run.launched").exists()


def test_production_is_marked_wherever_it_is_chosen(client_of, alice, playbook, servers):
    client = client_of(alice)
    for page in (
        plan(client, filled(playbook, servers[:1])),
        plan(client, filled(playbook, [], environment="production")),
        client.get(LAUNCH, {"server": servers[0].pk}).content.decode(),
    ):
        assert "Selected: 1 of 3 active servers, in production." in page
        assert "io-button-alarm" in page and ">production</span>" in page
    page = plan(client, filled(playbook, servers[1:]))
    assert "io-button-alarm" not in page and "io-production" not in page


def test_what_production_is_can_be_set(settings, client_of, alice, playbook, servers):
    settings.PRODUCTION_ENVIRONMENTS = ["staging"]
    page = plan(client_of(alice), filled(playbook, servers[1:]))
    assert "in production" in page


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("var_version", "", "A value is required."),
        ("var_count", "many", "whole number"),
        ("var_limits", "[1]", "must be an object"),
        ("forks", "0", "greater than or equal to 1"),
        ("tags", "a b", "Enter comma-separated tags"),
        ("deadline_seconds", "999999", "Enter a number of seconds"),
    ],
)
def test_an_error_is_told_before_it_is_sent(
    client_of, alice, playbook, servers, field, value, message
):
    page = plan(client_of(alice), filled(playbook, servers) | {field: value})
    assert "Fix before running:" in page and "Selected: 2 of 3 active servers" in page
    assert f'data-error-of="{field}"' in page and message in page


def test_an_inactive_server_is_named(client_of, alice, playbook, servers):
    asleep = make.server(hostname="asleep.example.com", is_active=False)
    page = plan(client_of(alice), filled(playbook, [*servers, asleep]))
    assert "Inactive: asleep.example.com" in page and "· inactive" in page


def test_an_empty_form_says_what_is_missing(client_of, alice):
    page = plan(client_of(alice), {})
    assert "Choose at least one server." in page and "Selected: 0 of 0 active servers" in page


def test_it_looks_at_a_bounded_number_of_rows(client_of, alice, playbook, query_ceiling):
    many = [make.server(hostname=f"node{number}", environment="live") for number in range(60)]
    client = client_of(alice)
    form = filled(playbook, many)
    with query_ceiling(22):  # one for the groups of the inventory, two for its sources
        page = plan(client, form)
    assert "and 48 more" in page and "all of them in production" in page


def test_what_a_repeated_run_has_is_in_its_plan(client_of, alice, playbook, servers):
    client = client_of(alice)
    send_launch(client, filled(playbook, servers[:1], var_password="s3cret"))
    run = Run.objects.get()
    Run.objects.update(state="finished")
    page = plan(client, filled(playbook, servers, relaunch_of=run.pk, key="another"))
    assert "Runs “Deploy” on 2 of 3" in page and "********" in page and "s3cret" not in page


def test_only_operators_ask_and_only_by_post(client_of, bob, alice, client):
    assert client_of(bob).post(PLAN).status_code == 403
    assert client_of(alice).get(PLAN).status_code == 405
    assert client.post(PLAN).url.startswith(reverse("admin:login"))


# --- The user's last values -----------------------------------------------------------------------


def offered(client, playbook):
    answer = client.get(VARIABLES, {"playbook": playbook.pk})
    return answer.context["remembered"], answer.content.decode()


def test_the_values_of_ones_last_run_are_offered(client_of, alice, playbook, servers):
    client = client_of(alice)
    given = {"var_password": "s3cret", "tags": "web", "diff_mode": "on", "var_port": "8080"}
    send_launch(client, filled(playbook, servers, key="first", var_version="1.3"))
    send_launch(client, filled(playbook, servers, key="second", **given))
    last, page = offered(client, playbook)
    assert last.run == Run.objects.latest("id")
    values = json.loads(last.fields())
    assert values["var_version"] == "1.4" and values["diff_mode"] is True
    assert values["var_port"] == "8080" and values["var_names"] == '["x", "y"]'
    assert values["tags"] == "web" and values["skip_tags"] == ""
    assert not {"var_password", "key"} & values.keys()
    assert set(values["servers"]) == {str(each.pk) for each in servers}
    assert "s3cret" not in page and "****" not in page
    for words in ("version 1.4", "colour green", "--diff", "--tags web", "Secrets are not reused"):
        assert words in page, words


def test_nobody_gets_anothers_values(client_of, alice, boss, playbook, servers):
    send_launch(client_of(boss), filled(playbook, servers))
    assert offered(client_of(alice), playbook)[0] is None
    other = make.playbook()
    send_launch(client_of(alice), filled(playbook, servers, key="mine"))
    assert offered(client_of(alice), other)[0] is None


def test_free_values_are_offered_without_secrets(client_of, alice, servers):
    client = client_of(alice)
    form = without_variables(servers, extra_vars='{"version": "1", "db_password": "s3cret"}')
    send_launch(client, form)
    last, page = offered(client, Run.objects.get().playbook)
    assert json.loads(json.loads(last.fields())["extra_vars"]) == {"version": "1"}
    assert "db_password" not in page


def test_a_repeated_run_brings_its_own_values_only(client_of, alice, playbook, servers):
    client = client_of(alice)
    send_launch(client, filled(playbook, servers))
    Run.objects.update(state="finished")
    answer = client.get(LAUNCH, {"run": Run.objects.get().pk})
    assert answer.context["remembered"] is None
