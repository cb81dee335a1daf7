from functools import partial

import pytest

from automation.models import Job, Run
from tests import make
from tests.at_once import at_once
from tests.recording import recorded

URL = "/api/jobs"
SCHEMA = {
    "version": {"type": "string", "required": True},
    "restart": {"type": "boolean", "default": False},
    "db_password": {"type": "string", "secret": True},
}


@pytest.fixture
def ready(db):
    """The body of a valid launch."""
    return {
        "playbook_id": make.playbook(
            make.plays_with("Restart the service"), accepts_undeclared=True
        ).pk,
        "server_id": make.server(hostname="web1").pk,
    }


def test_an_operator_launches_a_job(api_of, alice, ready):
    client = api_of(alice)
    with recorded() as lines:
        response = client.post(URL, ready)
    assert response.status_code == 201
    job = response.json()
    assert (job["status"], job["server"], job["user"]) == ("pending", "web1", "alice")
    assert lines == ["run.launched by alice"]
    assert client.get(f"{URL}/{job['job_id']}").json() == job
    assert Job.objects.get().run_id == job["run_id"]


def test_options_go_to_the_run(api_of, boss, ready):
    options = {
        "check_mode": True,
        "diff_mode": True,
        "tags": "web,config",
        "skip_tags": "slow",
        "verbosity": 2,
        "forks": 20,
        "become": True,
        "start_at_task": "Restart the service",
        "deadline_seconds": 60,
        "idle_deadline_seconds": 20,
    }
    job = api_of(boss).post(URL, ready | options).json()
    assert job["options"] == options
    assert Run.objects.get().deadline_seconds == 60


def test_several_servers_make_one_run(api_of, alice, ready):
    servers = [make.server().pk, ready.pop("server_id")]
    client = api_of(alice)
    with recorded() as lines:
        response = client.post(URL, ready | {"server_ids": [*servers, servers[0]]})
    assert response.status_code == 201
    launched = response.json()
    assert {job["server_id"] for job in launched["jobs"]} == set(servers)
    assert {job["run_id"] for job in launched["jobs"]} == {launched["run_id"]}
    assert lines == ["run.launched by alice"]


def test_one_server_in_a_list_is_answered_as_a_list(api_of, alice, ready):
    ready["server_ids"] = [ready.pop("server_id")]
    assert len(api_of(alice).post(URL, ready).json()["jobs"]) == 1


def test_values_follow_the_schema_and_secrets_are_masked(api_of, alice, ready):
    playbook = make.playbook(variables=SCHEMA)
    values = {"version": "1.2", "db_password": "swordfish"}
    response = api_of(alice).post(URL, ready | {"playbook_id": playbook.pk, "extra_vars": values})
    expected = {"version": "1.2", "restart": False, "db_password": "********"}
    assert response.json()["extra_vars"] == expected
    assert "swordfish" not in str(Run.objects.values()) + str(Job.objects.values())


@pytest.mark.parametrize(
    ("values", "name", "said"),
    [
        ({}, "version", "A value is required."),
        ({"version": 1}, "version", "must be text"),
        ({"version": "1", "restart": "yes"}, "restart", "must be true or false"),
        ({"version": "1", "verzion": "2"}, "verzion", "Did you mean “version”?"),
        ({"version": "1", "ansible_host": "x"}, "ansible_host", "control Ansible itself"),
    ],
)
def test_a_value_that_breaks_the_schema_is_named(api_of, alice, ready, values, name, said):
    playbook = make.playbook(variables=SCHEMA)
    response = api_of(alice).post(URL, ready | {"playbook_id": playbook.pk, "extra_vars": values})
    assert response.status_code == 400
    assert list(response.json()["fields"]) == [f"extra_vars.{name}"]
    assert said in response.json()["detail"]
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("playbook_id", 999999, "There is no playbook 999999."),
        ("server_id", 999999, "There is no server 999999."),
        ("server_id", 10**30, "There is no server"),
        ("server_id", 1.5, "valid integer"),
        ("server_id", True, "valid integer"),
        ("server_id", "web1", "valid integer"),
        ("playbook_id", None, "may not be null"),
        ("extra_vars", ["a=1"], "a dictionary"),
        ("extra_vars", "a=1", "a dictionary"),
        ("extra_vars", None, "may not be null"),
        ("extra_var", {}, "No such field"),
        ("hosts", "all", "No such field"),
        ("verbosity", 5, "less than or equal to 4"),
        ("forks", 0, "greater than or equal to 1"),
        ("forks", 10**30, "less than or equal to 500"),
        ("tags", "web; rm -rf /", "Enter comma-separated tags"),
        ("deadline_seconds", 0, "seconds from 1 to"),
        ("idle_deadline_seconds", 0, "seconds from 1 to"),
        ("start_at_task", "--list-hosts", "does not begin with"),
        ("start_at_task", "a\nb", "is one line"),
        ("check_mode", "perhaps", "valid boolean"),
    ],
)
def test_a_bad_value_is_refused_by_its_name(api_of, alice, ready, field, value, said):
    response = api_of(alice).post(URL, ready | {field: value})
    assert response.status_code == 400
    assert list(response.json()["fields"]) == [field]
    assert said in response.json()["fields"][field][0]
    assert not Run.objects.exists()


@pytest.mark.parametrize("ids", [[], [999999], ["web1"], [1.5], [10**30], 5])
def test_a_bad_list_of_servers_is_refused(api_of, alice, ready, ids):
    del ready["server_id"]
    response = api_of(alice).post(URL, ready | {"server_ids": ids})
    assert response.status_code == 400
    assert "server_ids" in response.json()["detail"]


def test_servers_are_named_in_one_way(api_of, alice, ready):
    both = ready | {"server_ids": [ready["server_id"]]}
    neither = {"playbook_id": ready["playbook_id"]}
    for body in (both, neither):
        response = api_of(alice).post(URL, body)
        assert list(response.json()["fields"]) == ["server_id"]


def test_what_is_inactive_is_refused(api_of, alice, ready):
    client = api_of(alice)
    old = make.server(is_active=False, hostname="old")
    retired = make.playbook(is_active=False, name="Retired")
    response = client.post(URL, ready | {"server_id": old.pk})
    assert (response.status_code, response.json()["detail"]) == (409, "Inactive: old.")
    response = client.post(URL, ready | {"playbook_id": retired.pk})
    assert response.status_code == 409
    assert "“Retired” is not active" in response.json()["detail"]


def test_a_changed_or_missing_file_is_refused(api_of, alice, ready):
    changed, gone = make.playbook(), make.playbook()
    make.playbook_file(changed.file_path, make.HELLO_FACTS)
    gone.path.unlink()
    for playbook, said in ((changed, "has changed since"), (gone, "no longer exists")):
        response = api_of(alice).post(URL, ready | {"playbook_id": playbook.pk})
        assert response.status_code == 409
        assert said in response.json()["detail"]


def test_a_viewer_does_not_launch_and_it_is_recorded(api_of, bob, ready):
    client = api_of(bob)
    with recorded() as lines:
        response = client.post(URL, ready)
    assert (response.status_code, lines) == (403, ["access.denied by bob"])
    assert "viewer" in response.json()["detail"]
    assert not Run.objects.exists()


def test_a_launch_stands_though_the_queue_is_away(
    api_of, alice, ready, monkeypatch, django_capture_on_commit_callbacks
):
    """The wake-up of the next minute starts it; an error would make clients launch it again."""

    def away(name):
        raise ConnectionError("Error 111 connecting to 127.0.0.1:6379.")

    monkeypatch.setattr("automation.models.runs.async_task", away)
    with django_capture_on_commit_callbacks(execute=True):
        assert api_of(alice).post(URL, ready).status_code == 201


# --- The same launch twice ------------------------------------------------------------------------


def launch(client, body, key):
    return client.post(URL, body, headers={"Idempotency-Key": key})


def test_a_key_launches_once(api_of, alice, ready):
    client = api_of(alice)
    with recorded() as lines:
        first, second = launch(client, ready, "build-7"), launch(client, ready, "build-7")
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert lines == ["run.launched by alice"]


def test_a_key_is_its_users_own(api_of, alice, boss, ready):
    first, second = launch(api_of(alice), ready, "k"), launch(api_of(boss), ready, "k")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["job_id"] != second.json()["job_id"]


def test_a_repetition_is_answered_though_the_server_has_been_deactivated(api_of, alice, ready):
    client = api_of(alice)
    launch(client, ready, "k")
    server = Job.objects.get().server
    server.is_active = False
    server.save()
    assert launch(client, ready, "k").status_code == 200


@pytest.mark.parametrize("change", ["playbook_id", "server_id", "extra_vars", "check_mode"])
def test_a_key_for_another_launch_is_refused(api_of, alice, ready, change):
    others = {
        "playbook_id": make.playbook().pk,
        "server_id": make.server().pk,
        "extra_vars": {"version": "2"},
        "check_mode": True,
    }
    client = api_of(alice)
    launch(client, ready, "k")
    response = launch(client, ready | {change: others[change]}, "k")
    assert response.status_code == 409
    assert "“k” was already used" in response.json()["detail"]
    assert Run.objects.count() == 1


def test_a_key_of_a_check_does_not_answer_for_the_real_launch(api_of, alice, ready):
    """What the second leaves out is its default, not what the first one had."""
    client = api_of(alice)
    launch(client, ready | {"check_mode": True, "tags": "web"}, "k")
    assert launch(client, ready, "k").status_code == 409
    assert Run.objects.get().check_mode


def test_a_key_has_a_length(api_of, alice, ready):
    response = launch(api_of(alice), ready, "k" * 65)
    assert list(response.json()["fields"]) == ["idempotency_key"]


@pytest.mark.django_db(transaction=True)
def test_the_same_key_at_the_same_moment_is_one_launch_and_one_repetition(api_of, alice):
    playbook, server = make.playbook(), make.server()
    body = {"playbook_id": playbook.pk, "server_id": server.pk}
    clients = [api_of(alice) for _ in range(3)]

    answers = at_once(
        [partial(client.post, URL, body, headers={"Idempotency-Key": "k"}) for client in clients]
    )

    assert sorted(answer.status_code for answer in answers) == [200, 200, 201]
    assert len({answer.json()["job_id"] for answer in answers}) == 1
    assert Run.objects.count() == 1
