"""However ansible-playbook ends, it is reported correctly and without secrets."""

import shutil
import threading
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from automation.execution import channel
from automation.execution.log_writer import LogWriter
from automation.models import Job
from inventory.ansible import processes
from tests import make
from tests.automation.running import claimed, finish_here, lines_of, run_one

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

MANY_LINES = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.debug: {msg: "{{ range(150) | list }}"}
    - ansible.builtin.debug: {msg: "{{ range(150) | list }}"}
"""


def test_a_database_that_is_slow_at_the_end_does_not_change_how_it_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The second write starts while ansible-playbook runs and ends long after it."""
    run = claimed(MANY_LINES)
    write, calls = LogWriter._write_batch, []

    def slow(self: LogWriter) -> None:
        calls.append(1)
        if len(calls) == 2:
            threading.Event().wait(6)  # more than the runner waits for the end of its terminal
        write(self)

    monkeypatch.setattr(LogWriter, "_write_batch", slow)

    job = finish_here(run)

    assert (job.status, job.error_message) == (Job.Status.SUCCESS, "")
    assert len(lines_of(job)) > 300
    assert job.counts["ok"] == 2


KILLS_ITS_OWN = """
- hosts: all
  gather_facts: false
  tasks:
    - name: Kill what runs it
      ansible.builtin.shell: kill -9 {{ lookup('pipe', 'ps -o ppid= -p $PPID') }}
    - name: Never comes
      ansible.builtin.debug: {msg: never}
"""


def test_a_signal_that_ended_it_is_named() -> None:
    job = run_one(KILLS_ITS_OWN)

    assert (job.status, job.failure_kind) == (Job.Status.FAILED, Job.FailureKind.ANSIBLE_ERROR)
    assert "ended by SIGKILL" in job.error_message
    assert (job.run.exit_code, job.run.exit_word) == (-9, "SIGKILL")


def test_a_channel_that_breaks_ends_the_run_with_the_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read, count = channel.parse_event, []

    def broken(content: bytes) -> Any:
        count.append(1)
        if len(count) == 6:
            raise channel.BrokenChannel("Event 5 is missing: event 6 came in its place.")
        return read(content)

    monkeypatch.setattr(channel, "parse_event", broken)

    job = run_one(MANY_LINES)

    assert (job.status, job.failure_kind) == (Job.Status.FAILED, Job.FailureKind.INTERNAL)
    assert "could no longer be read (Event 5 is missing" in job.error_message


def test_what_is_told_of_an_error_of_ours_is_not_what_the_error_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It may contain arguments, output and secrets."""

    def failing(self: LogWriter) -> None:
        raise OperationalError(1, "INSERT … VALUES ('hunter2hunter2')")

    monkeypatch.setattr(LogWriter, "_write_batch", failing)

    job = run_one(make.HELLO)

    assert (job.status, job.failure_kind) == (Job.Status.FAILED, Job.FailureKind.INTERNAL)
    assert "hunter2" not in job.error_message
    assert "The log of the worker" in job.error_message


SLEEPS = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.command: sleep 300
"""


@pytest.mark.parametrize("has_setpriv", [True, False])
def test_one_that_is_cancelled_before_it_has_said_anything_ends_at_once(
    monkeypatch: pytest.MonkeyPatch, has_setpriv: bool
) -> None:
    which = shutil.which
    if not has_setpriv:
        monkeypatch.setattr(
            shutil, "which", lambda name, **more: None if name == "setpriv" else which(name, **more)
        )
    run = claimed(SLEEPS)
    run.cancel(make.user(username="boss", role="admin"))

    job = finish_here(run)

    assert (job.status, job.error_message) == (Job.Status.CANCELLED, "Cancelled by boss.")
    assert processes.find_marked(str(run.claim_token)) == []


ROLE_ELSEWHERE = """
- hosts: all
  gather_facts: false
  roles: [outside]
"""


def test_the_place_of_a_task_outside_of_the_project_is_its_whole_path(tmp_path: Path) -> None:
    tasks = tmp_path / "roles" / "outside" / "tasks" / "main.yml"
    tasks.parent.mkdir(parents=True)
    tasks.write_text("- {name: Stumble, ansible.builtin.fail: {msg: ouch}}\n")
    make.playbook_file("ansible.cfg", f"[defaults]\nroles_path = {tmp_path / 'roles'}\n")

    job = run_one(ROLE_ELSEWHERE)

    assert (job.failed_task, job.failed_place) == ("Stumble", f"{tasks}:1")
    assert [row.path for row in job.task_results.all()] == [job.failed_place]
