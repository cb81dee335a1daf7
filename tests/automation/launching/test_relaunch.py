"""Relaunching an ended run: unchanged, with changes, or only where it did not succeed."""

import re

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.urls import reverse

from audit.models import AuditLog
from automation import variables
from automation.models import Job, Run
from schema.exceptions import Refused
from tests import make
from tests.automation.sending import send_launch, send_relaunch
from tests.recording import recorded

pytestmark = pytest.mark.django_db

SCHEMA = {"version": {"default": "1"}, "password": {"secret": True, "required": True}}
Kind = Job.FailureKind


@pytest.fixture
def ended(alice):
    """A run on five servers, each with a different outcome."""
    tasks = make.plays_with("Restart", "Second")
    rules = {"start_at_task": "operator"}
    playbook = make.playbook(tasks, name="Deploy", variables=SCHEMA, option_rules=rules)
    servers = [make.server(hostname=name) for name in ("good", "bad", "away", "late", "cut")]
    values = {"version": "2", "password": "hunter2"}
    run = make.launch(
        playbook, alice, servers, extra_vars=values, tags="web", start_at_task="Restart", forks=9
    )
    end(run, good=("success", ""), bad=("failed", Kind.TASK_FAILED), cut=("cancelled", ""))
    end(run, away=("failed", Kind.UNREACHABLE), late=("failed", Kind.NOT_REACHED))
    return run


def end(run, **ends):
    for name, (status, kind) in ends.items():
        jobs = Job.objects.filter(run=run, server__hostname=name)
        jobs.update(status=status, failure_kind=kind)
    run.state = Run.State.FINISHED
    run.save(update_fields=["state"])


def names(run):
    return [job.server.hostname for job in run.jobs.order_by("id")]


# --- The verb -------------------------------------------------------------------------------------


def test_the_same_once_more(ended, boss):
    with recorded() as lines:
        again = make.relaunch(ended, boss)
    assert lines == ["run.launched by boss"]
    assert (again.relaunch_of, again.launched_by, again.state) == (ended, boss, "pending")
    assert list(ended.relaunches.all()) == [again]
    assert names(again) == names(ended)
    assert (
        again.options()
        == ended.options()
        == {"tags": "web", "start_at_task": "Restart"} | {"forks": 9}
    )
    assert variables.opened(again.extra_vars) == {"version": "2", "password": "hunter2"}
    assert "hunter2" not in str(Run.objects.values()) + str(AuditLog.objects.values())
    assert AuditLog.objects.about(again).get().details["relaunch_of"] == ended.pk


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        ("failed", ["bad", "away", "late"]),
        ("unreachable", ["away"]),
        ("not_reached", ["late"]),
    ],
)
def test_only_some_of_its_servers(ended, alice, only, expected):
    assert names(make.relaunch(ended, alice, only=only)) == expected


def test_changed(ended, alice):
    changes = {"version": "3", "password": "other"}
    again = make.relaunch(ended, alice, check_mode=True, tags="", extra_vars=changes, forks=2)
    assert again.options() == {"check_mode": True, "start_at_task": "Restart", "forks": 2}
    assert variables.opened(again.extra_vars) == changes


def test_some_variables_changed_and_one_taken_away(ended, alice):
    again = make.relaunch(ended, alice, extra_vars={"version": None})
    assert variables.opened(again.extra_vars) == {"version": "1", "password": "hunter2"}


def test_what_was_secret_stays_so_when_the_playbook_forgets_it(ended, alice):
    playbook = ended.playbook
    playbook.variables = {"version": {}, "password": {}}
    playbook.save()
    again = make.relaunch(ended, alice)
    assert again.secret_names() == {"password"}
    assert "hunter2" not in str(Run.objects.values())


def test_after_a_cancel(alice):
    run = make.launch(make.playbook(), alice, [make.server()])
    with pytest.raises(Refused, match="has not finished yet"):
        make.relaunch(run, alice)
    run.cancel(alice)
    assert names(make.relaunch(run, alice)) == names(run)


def test_nothing_to_take_once_more(alice):
    run = make.job(status="success").run
    with pytest.raises(Refused, match="no server with the result “failed”"):
        make.relaunch(run, alice, only="failed")


def test_it_is_refused_as_a_launch_is(ended, alice, bob):
    with pytest.raises(PermissionDenied):
        make.relaunch(ended, bob)
    with pytest.raises(ValidationError, match="number of seconds"):
        make.relaunch(ended, alice, deadline_seconds=0)
    ended.jobs.get(server__hostname="bad").server.__class__.objects.filter(hostname="bad").update(
        is_active=False
    )
    with pytest.raises(Refused, match="Inactive: bad"):
        make.relaunch(ended, alice)
    make.playbook_file(ended.playbook.file_path, make.HELLO_FACTS)
    with pytest.raises(Refused, match="has changed since"):
        make.relaunch(ended, alice, only="unreachable")
    assert Run.objects.count() == 1


def test_a_secret_whose_key_is_gone_is_asked_for(ended, alice, settings):
    settings.ENCRYPTION_KEYS = ["bm90LXRoZS1zYW1lLW5vdC10aGUtc2FtZS1ub3QhISE="]
    with pytest.raises(Refused, match="Enter the secrets again"):
        make.relaunch(ended, alice)
    again = make.relaunch(ended, alice, extra_vars={"password": "new"})
    assert variables.opened(again.extra_vars)["password"] == "new"


# --- The API --------------------------------------------------------------------------------------


def path_of(run):
    return f"/api/jobs/{run.jobs.first().job_id}/relaunch"


def test_the_api_relaunches_and_shows_both_ways(api_of, alice, ended):
    client = api_of(alice)
    given = {"only": "unreachable", "diff_mode": True, "extra_vars": {"version": "3"}}
    response = client.post(path_of(ended), given)
    assert response.status_code == 201
    (job,) = response.json()["jobs"]
    assert (job["server"], job["relaunch_of"]) == ("away", ended.pk)
    assert job["extra_vars"] == {"version": "3", "password": "********"}
    assert job["options"]["diff_mode"] is True
    old = client.get(f"/api/jobs/{ended.jobs.first().job_id}").json()
    assert (old["relaunch_of"], old["relaunches"]) == (None, [response.json()["run_id"]])
    repeated = ended.jobs.get(server__hostname="away")
    assert (job["relaunch_of_job"], old["relaunch_of_job"]) == (str(repeated.job_id), None)


def test_the_same_key_relaunches_once(api_of, alice, ended):
    client = api_of(alice)
    answers = [
        client.post(path_of(ended), {"only": "failed"}, headers={"Idempotency-Key": "k"})
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert Run.objects.count() == 2
    other = client.post(path_of(ended), {}, headers={"Idempotency-Key": "k"})
    assert other.status_code == 409


@pytest.mark.parametrize(
    ("given", "status", "said"),
    [
        ({"only": "some"}, 400, "not a valid choice"),
        ({"server_id": 1}, 400, "No such field"),
        ({"extra_vars": {"versoin": "3"}}, 400, "Did you mean “version”?"),
        ({"extra_vars": {"password": None}}, 400, "A value is required"),
        ({"idle_deadline_seconds": 0}, 400, "number of seconds"),
    ],
)
def test_the_api_refuses(api_of, alice, ended, given, status, said):
    response = api_of(alice).post(path_of(ended), given)
    assert response.status_code == status
    assert said in response.json()["detail"]
    assert Run.objects.count() == 1


def test_the_api_says_409_for_what_runs(api_of, alice):
    assert api_of(alice).post(path_of(make.job().run), {}).status_code == 409


# --- The console ----------------------------------------------------------------------------------


def test_the_pages_offer_it_and_name_the_other_run(client_of, alice, bob, ended):
    client, path = client_of(alice), reverse("automation:run_relaunch", args=[ended.pk])
    job = ended.jobs.get(server__hostname="away")
    for page in (ended.get_absolute_url(), job.get_absolute_url()):
        text = client.get(page).content.decode()
        assert f'action="{path}"' in text
        assert "Relaunch on all 5 servers" in text and "Relaunch on 3 failed servers" in text
        assert "Relaunch on unreached server late" in text
        assert path not in client_of(bob).get(page).content.decode()
    answer = send_relaunch(client, path, {"only": "unreachable", "key": "k"}, follow=True)
    again = Run.objects.get(relaunch_of=ended)
    text = answer.content.decode()
    assert "Relaunched Deploy." in text and job.get_absolute_url() in text
    assert ended.get_absolute_url() in client.get(again.get_absolute_url()).content.decode()
    assert again.get_absolute_url() in client.get(job.get_absolute_url()).content.decode()
    twice = send_relaunch(client, path, {"only": "unreachable", "key": "k"}, follow=True)
    assert "was already sent" in twice.content.decode()
    assert Run.objects.count() == 2


def test_each_button_of_a_page_launches_once(client_of, alice, ended):
    """ "Back" to the page, and another of its buttons: the page's key is the same."""
    client, path = client_of(alice), reverse("automation:run_relaunch", args=[ended.pk])
    late = ended.jobs.get(server__hostname="late").server
    for choice in ({"only": "unreachable"}, {"only": "failed"}, {"server": late.pk}, {}):
        for _ in range(2):
            send_relaunch(client, path, choice | {"key": "k"})
    again = Run.objects.filter(relaunch_of=ended).order_by("id")
    assert [run.jobs.count() for run in again] == [1, 3, 1, 5]


def test_one_server_of_it(client_of, alice, ended):
    path = reverse("automation:run_relaunch", args=[ended.pk])
    server = ended.jobs.get(server__hostname="late").server
    send_relaunch(client_of(alice), path, {"server": server.pk, "key": "k"})
    assert names(Run.objects.get(relaunch_of=ended)) == ["late"]
    stranger = {"server": make.server().pk}
    assert client_of(alice).post(path, stranger).status_code == 404
    assert client_of(alice).post(path, {"only": "some"}).status_code == 404


def test_a_refusal_is_said_on_the_page(client_of, alice, ended):
    ended.playbook.variables = {"size": {"required": True}}
    ended.playbook.save()
    path = reverse("automation:run_relaunch", args=[ended.pk])
    page = client_of(alice).post(path, {"key": "k"}, follow=True).content.decode()
    assert "Nothing was launched." in page and "size: A value is required." in page


def test_an_edited_relaunch_keeps_secrets_that_were_not_typed(client_of, alice, ended):
    client = client_of(alice)
    page = client.get(reverse("automation:job_launch"), {"run": ended.pk, "only": "failed"})
    form = page.context["form"]
    assert "hunter2" not in page.content.decode()
    sent = {
        name: form[name].value()
        for name in form.fields
        if (value := form[name].value()) not in (None, "") and value is not False
    }
    assert len(sent["servers"]) == 3 and "var_password" not in sent
    answer = send_launch(client, sent | {"var_version": "7"})
    assert answer.status_code == 302, answer.context["form"].errors
    again = Run.objects.get(relaunch_of=ended)
    assert variables.opened(again.extra_vars) == {"version": "7", "password": "hunter2"}
    assert again.start_at_task == "Restart"


def test_secrets_do_not_go_to_another_playbook(client_of, alice, ended):
    other = make.playbook(variables=SCHEMA)
    sent = {"playbook": other.pk, "servers": [make.server().pk], "verbosity": 0, "forks": 5}
    sent |= {"key": "k", "relaunch_of": ended.pk}
    answer = send_launch(client_of(alice), sent)
    assert "A value is required." in str(answer.context["form"].errors)


def test_a_masked_value_of_a_playbook_without_a_schema_is_kept(client_of, alice):
    playbook = make.playbook(accepts_undeclared=True)
    run = make.launch(playbook, alice, [make.server()], extra_vars={"api_token": "t0p", "a": 1})
    run.cancel(alice)
    sent = {"playbook": playbook.pk, "servers": [make.server().pk], "verbosity": 0, "forks": 5}
    sent |= {"key": "k", "relaunch_of": run.pk, "extra_vars": '{"api_token": "********", "b": 2}'}
    send_launch(client_of(alice), sent)
    again = Run.objects.get(relaunch_of=run)
    assert variables.opened(again.extra_vars) == {"api_token": "t0p", "b": 2}


# --- The command ----------------------------------------------------------------------------------


def test_the_command(ended, boss, capsys):
    job = ended.jobs.first()
    call_command("relaunch", str(job.job_id), "--only=unreachable", "--no-wait")
    again = Run.objects.get(relaunch_of=ended)
    printed = capsys.readouterr().out
    assert f"Run {again.pk} is a relaunch of run {ended.pk}." in printed
    assert re.search(r"Job [0-9a-f-]{36} on away is pending", printed)


def test_the_command_takes_what_is_to_differ(ended, boss):
    call_command(
        *("relaunch", str(ended.jobs.first().job_id), "--no-wait", "--diff", "--verbosity=0"),
        *("--extra-vars", '{"version": "4"}', "--start-at-task", "Second", "--ansible-verbosity=2"),
    )

    again = Run.objects.get(relaunch_of=ended)
    assert again.extra_vars["version"] == "4"
    assert (again.diff_mode, again.start_at_task, again.verbosity) == (True, "Second", 2)
    assert (again.check_mode, again.tags) == (ended.check_mode, ended.tags)


def test_the_command_refuses(boss):
    with pytest.raises(CommandError, match="There is no job “x”"):
        call_command("relaunch", "x")
    with pytest.raises(CommandError, match="has not finished yet"):
        call_command("relaunch", str(make.job().job_id))
