"""run_playbook: live log lines in a terminal; the result is the exit status."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from automation.models import Job, Run
from tests import make
from tests.private_servers import wait_until


@pytest.mark.slow
@pytest.mark.on_either
@pytest.mark.django_db(transaction=True)
def test_it_prints_the_lines_and_ends_with_0(qcluster, command, boss) -> None:
    make.playbook(make.HELLO, name="hello")
    make.localhost(hostname="here")

    launch = command("run_playbook", "hello", "--server", "here", "--check")

    assert launch.process.wait(60) == 0, launch.printed
    assert "TASK [Hello]" in launch.printed
    assert "here: Success" in launch.printed
    assert "\x1b" not in launch.printed
    assert Run.objects.get().check_mode


@pytest.mark.slow
@pytest.mark.on_either
@pytest.mark.django_db(transaction=True)
def test_it_ends_with_2_when_the_job_fails(qcluster, command, boss) -> None:
    make.playbook([{"hosts": "nobody", "tasks": []}], name="broken")
    make.localhost(hostname="here")

    launch = command("run_playbook", "broken", "--server", "here")

    assert launch.process.wait(60) == 2
    assert "here: Failed" in launch.printed
    assert "does not include" in launch.printed


@pytest.mark.slow
@pytest.mark.on_either
@pytest.mark.django_db(transaction=True)
def test_it_ends_with_3_when_the_job_is_cancelled(command, boss) -> None:
    make.playbook(make.HELLO, name="hello")
    make.localhost(hostname="here")

    launch = command("run_playbook", "hello", "--server", "here")
    wait_until(Job.objects.exists, seconds=20, what="the job")
    job = Job.objects.get()
    call_command("cancel_job", str(job.job_id))

    assert launch.process.wait(60) == 3
    assert "Cancelled by boss." in launch.printed


@pytest.mark.slow
@pytest.mark.on_either
@pytest.mark.only_on("mysql")
@pytest.mark.django_db(transaction=True)
def test_it_goes_on_when_its_connection_to_the_database_is_gone(command, boss) -> None:
    make.playbook(make.HELLO, name="hello")
    make.localhost(hostname="here")
    launch = command("run_playbook", "hello", "--server", "here")
    launch.wait_for("is pending")

    with connection.cursor() as cursor:
        own = _own_connection(cursor)
        cursor.execute(
            "SELECT id FROM information_schema.processlist WHERE id <> %s AND db = DATABASE()",
            [own],
        )
        for (other,) in cursor.fetchall():
            cursor.execute(f"KILL {other}")
    launch.wait_for("Database unavailable")
    call_command("cancel_job", str(Job.objects.get().job_id))

    assert launch.process.wait(60) == 3
    assert "Cancelled by boss." in launch.printed


def _own_connection(cursor: Any) -> int:
    cursor.execute("SELECT CONNECTION_ID()")
    return cursor.fetchone()[0]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["nothing", "--server=here"],
            "There is no playbook “nothing”. Available: Check connection, hello",
        ),
        (["hello", "--server=there"], "There is no server “there”"),
        (["hello", "--server=here", "--extra-vars={"], "--extra-vars is not valid JSON"),
        (["hello", "--server=here", "--extra-vars=[1]"], "extra_vars: This must be an object"),
        (["hello", "--server=here", '--extra-vars={"clour": "x"}'], "Did you mean “colour”"),
        (["hello", "--server=here", "--user=nobody"], "There is no active user “nobody”"),
        (["hello", "--server=here", "--user=bob"], "Your role does not allow launching playbooks."),
        (["hello", "--server=here", "--tags=a b"], "tags: Enter comma-separated tags"),
        (["hello", "--server=here", "--forks=0"], "forks: Ensure this value"),
        (["hello", "--server=here", "--start-at-task=-x"], "start_at_task: A task name"),
        (["hello", "--server=here", "--deadline=0"], "deadline_seconds: Enter a number of seconds"),
        (["hello", "--server=here", "--idle-deadline=0"], "idle_deadline_seconds: Enter a number"),
        (["hello"], "Give either --server, or any of"),
        (["hello", "--server=here", "--tag=web"], "Give either --server, or any of"),
        (["hello", "--environment=nowhere"], "No active server matches."),
    ],
)
def test_bad_input_is_refused_in_words_and_launches_nothing(arguments, message, boss, bob) -> None:
    make.playbook(make.HELLO, name="hello", variables={"colour": {"type": "string"}})
    make.localhost(hostname="here")

    with pytest.raises(CommandError) as refused:
        call_command("run_playbook", *arguments)

    assert message in str(refused.value)
    assert not Run.objects.exists()


@pytest.mark.django_db
def test_without_an_admin_it_says_how_to_make_one() -> None:
    make.playbook(make.HELLO, name="hello")
    make.localhost(hostname="here")

    with pytest.raises(CommandError, match="create_admin"):
        call_command("run_playbook", "hello", "--server=here")


@pytest.mark.django_db
def test_cancel_job_refuses_what_has_ended(boss) -> None:
    job = make.job(status="success")

    with pytest.raises(CommandError, match="has already finished: Success"):
        call_command("cancel_job", str(job.job_id))


@pytest.mark.django_db
@pytest.mark.parametrize("job_id", ["nonsense", "00000000-0000-0000-0000-000000000000"])
def test_cancel_job_names_a_job_that_does_not_exist(job_id, boss) -> None:
    with pytest.raises(CommandError, match=f"There is no job “{job_id}”"):
        call_command("cancel_job", job_id)


@pytest.mark.django_db
def test_it_waits_for_no_worker_for_ever(boss, capsys) -> None:
    server, playbook = make.server(), make.playbook()

    with pytest.raises(CommandError, match=r"No worker .* `manage.py run_worker`"):
        call_command("run_playbook", playbook.name, server=[server.hostname], wait_for_worker=0)

    assert Run.objects.get().state == Run.State.PENDING
