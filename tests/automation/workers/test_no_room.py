"""Full disks and processes that cannot start: nothing is left out silently."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from automation.models import Job
from tests import make
from tests.automation.running import run_here, run_one, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.on_either]


@pytest.fixture
def small_run_root(settings: Any, tmp_path: Path) -> Iterator[Path]:
    """RUN_ROOT on a disk of two megabytes."""
    root = tmp_path / "small"
    root.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(root)], check=True)
    settings.RUN_ROOT = str(root)
    yield root
    subprocess.run(["umount", str(root)], check=True)


FILLS_THE_DISK = """
- hosts: all
  gather_facts: false
  tasks:
    - name: Fill the disk of the runs
      ansible.builtin.shell: cat /dev/zero > {root}/fill || true
    - name: Say it
      ansible.builtin.debug: {{msg: "step {{{{ item }}}}"}}
      loop: "{{{{ range(200) | list }}}}"
"""
NEEDS_ROOM = """
    - name: Needs room on the worker
      ansible.builtin.copy: {{content: "{{{{ 'x' * 100000 }}}}", dest: "{root}/../copied"}}
"""


@pytest.mark.as_root
def test_no_event_is_lost_when_the_disk_of_the_runs_is_full(small_run_root: Path) -> None:
    job = run_one(FILLS_THE_DISK.format(root=small_run_root))

    assert (job.status, job.error_message) == (Job.Status.SUCCESS, "")
    said = text_of(job)
    assert all(f"step {number}" in said for number in range(200))
    assert [row.status for row in job.task_results.order_by("number")] == ["changed", "ok"]


@pytest.mark.as_root
def test_a_task_that_finds_no_room_there_ends_the_run_with_the_reason(
    small_run_root: Path,
) -> None:
    job = run_one((FILLS_THE_DISK + NEEDS_ROOM).format(root=small_run_root))

    assert (job.status, job.failure_kind) == (Job.Status.FAILED, Job.FailureKind.INTERNAL)
    assert f"RUN_ROOT ({small_run_root}) on the worker" in job.error_message


@pytest.mark.as_root
def test_a_run_that_cannot_even_begin_says_so_too(small_run_root: Path) -> None:
    with pytest.raises(OSError, match="space"), (small_run_root / "fill").open("wb") as file:
        while True:
            file.write(bytes(1 << 20))

    job = run_one(make.HELLO)

    assert job.failure_kind == Job.FailureKind.INTERNAL
    assert f"RUN_ROOT ({small_run_root}) on the worker" in job.error_message


# Stands for a machine that has no process left: forking one task's worker fails.
NO_FORK = """
from ansible.executor.process.worker import WorkerProcess
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = "{name: no_fork, type: notification, short_description: no process for one task}"
start = WorkerProcess.start


def start_or_fail(self):
    if self._task.name == "Lock the door" and self._host.name == "two":
        raise BlockingIOError(11, "Resource temporarily unavailable")
    start(self)


WorkerProcess.start = start_or_fail


class CallbackModule(CallbackBase):
    CALLBACK_VERSION, CALLBACK_TYPE, CALLBACK_NAME = 2.0, "notification", "no_fork"
    CALLBACK_NEEDS_ENABLED = True
"""
THREE_STEPS = """
- hosts: all
  gather_facts: false
  tasks:
    - {name: Switch off the light, ansible.builtin.debug: {msg: dark}}
    - {name: Lock the door, ansible.builtin.debug: {msg: locked}}
    - {name: Walk home, ansible.builtin.debug: {msg: home}}
"""


def test_a_task_that_cannot_be_started_for_a_host_is_no_success() -> None:
    """Bare ansible-playbook goes on without it, and exits with 0."""
    make.playbook_file("callback_plugins/no_fork.py", NO_FORK)
    make.playbook_file("ansible.cfg", "[defaults]\ncallbacks_enabled = no_fork\n")
    servers = [make.localhost(hostname=name) for name in ("one", "two")]

    jobs = run_here(make.playbook(THREE_STEPS), *servers)

    for job in jobs:
        assert (job.status, job.failure_kind) == (Job.Status.FAILED, Job.FailureKind.INTERNAL)
        assert "could not start the task “Lock the door” for two" in job.error_message
        assert "Resource temporarily unavailable" in job.error_message
