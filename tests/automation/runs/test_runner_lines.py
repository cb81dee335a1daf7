"""job_logs has what ansible-playbook prints: every line once, in order."""

import time
from itertools import pairwise
from pathlib import Path

import pytest

from automation.execution.log_writer import LogWriter
from automation.models import Job
from tests import make
from tests.automation.running import bare_lines, comparable, lines_of, run_here, run_one, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.on_either]


class Finished:
    """A finished job and its lines: as plain text, with colours, and the level of each."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.text, self.lines = text_of(job), lines_of(job)
        self.levels = dict(job.logs.values_list("content", "log_level"))


EVERYTHING = """
- name: Everything that prints
  hosts: all
  gather_facts: false
  tasks:
    - name: Several lines
      ansible.builtin.debug:
        msg: [one, two, "three\\nfour"]
    - name: A loop
      ansible.builtin.raw: echo {{ item }}
      loop: [a, b, c]
    - name: Skipped
      ansible.builtin.debug: {msg: never}
      when: false
    - name: Ignored
      ansible.builtin.command: "false"
      ignore_errors: true
    - name: A block
      block:
        - name: Fails
          ansible.builtin.fail: {msg: on purpose}
      rescue:
        - name: Saves
          ansible.builtin.debug: {msg: saved}
      always:
        - name: Tidies
          ansible.builtin.debug: {msg: tidied}
    - name: Hidden
      ansible.builtin.command: echo hunter2
      no_log: true
    - name: Changes
      ansible.builtin.raw: echo changed
      notify: Handler
  handlers:
    - name: Handler
      ansible.builtin.debug: {msg: handled}
"""

CALM = """
- name: On every server
  hosts: all
  gather_facts: false
  tasks:
    - name: A loop
      ansible.builtin.raw: echo {{ item }}
      loop: [a, b, c]
    - name: Each its own
      ansible.builtin.debug: {msg: "{{ inventory_hostname }}"}
- name: A second play
  hosts: all
  gather_facts: false
  tasks:
    - name: Last
      ansible.builtin.debug: {msg: bye}
"""

FAILING = """
- name: Breaks off
  hosts: all
  gather_facts: false
  tasks:
    - name: Works
      ansible.builtin.debug: {msg: fine}
    - name: Break the disk
      ansible.builtin.fail: {msg: the disk is full}
    - name: Never reached
      ansible.builtin.debug: {msg: no}
"""


# By playbook. Held in memory: the rows are rolled back with the test that ran it.
FINISHED: dict[str, Finished] = {}


def finished(content: str) -> Finished:
    """One run, shared by the tests that only look at it."""
    if content not in FINISHED:
        FINISHED[content] = Finished(run_one(content))
    return FINISHED[content]


@pytest.mark.parametrize("content", [EVERYTHING, FAILING], ids=["everything", "failing"])
@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
def test_lines_equal_those_of_bare_ansible(content: str, check_mode: bool, tmp_path: Path) -> None:
    playbook, server = make.playbook(content), make.localhost()
    bare = bare_lines(playbook, server, tmp_path / "bare", *(["--check"] if check_mode else []))

    job = run_here(playbook, server, check_mode=check_mode)[0]

    assert comparable(lines_of(job)) == comparable(bare)


def test_over_ssh_the_lines_equal_those_of_bare_ansible(sshd, tmp_path: Path) -> None:
    server = make.ssh_server(sshd)
    playbook = make.playbook(EVERYTHING)
    bare = bare_lines(playbook, server, tmp_path / "bare")

    job = run_here(playbook, server)[0]

    assert job.status == Job.Status.SUCCESS, text_of(job)
    assert comparable(lines_of(job)) == comparable(bare)


def test_counts_equal_the_recap() -> None:
    ended = finished(EVERYTHING)

    assert ended.job.status == Job.Status.SUCCESS
    server = str(ended.job.server)
    recap = next(line for line in ended.text.splitlines() if line.startswith(server))
    counts = ended.job.counts
    assert counts == {
        name: int(number)
        for name, number in (pair.split("=") for pair in recap.partition(":")[2].split())
    }
    assert counts["rescued"] == counts["ignored"] == counts["skipped"] == 1


def test_levels_tell_failures_and_warnings_from_the_rest() -> None:
    levels = finished(EVERYTHING).levels
    rescued = next(text for text in levels if "on purpose" in text and "fatal" in text)
    ignored = next(text for text in levels if "non-zero return code" in text and "fatal" in text)
    assert levels[rescued] == "warning"
    assert levels[ignored] == "warning"
    broken = finished(FAILING).levels
    assert "error" in {level for text, level in broken.items() if "the disk is full" in text}


def test_the_colours_are_kept() -> None:
    lines = finished(FAILING).lines

    assert any("\x1b[0;31m" in line and "the disk is full" in line for line in lines)


def test_no_log_hides_the_value() -> None:
    assert "hunter2" not in finished(EVERYTHING).text


def test_each_servers_log_reads_like_a_run_against_it_alone(tmp_path: Path) -> None:
    # Without failures, as Ansible prints the same [ERROR] only once per run, for the first server.
    playbook = make.playbook(CALM)
    servers = [make.localhost(), make.localhost()]
    alone = [bare_lines(playbook, server, tmp_path / str(server)) for server in servers]

    jobs = run_here(playbook, *servers)

    for job, bare in zip(jobs, alone, strict=True):
        assert comparable(lines_of(job)) == comparable(bare)


def test_waiting_lines_are_looked_at_several_times_a_second(monkeypatch) -> None:
    moments: list[float] = []
    monkeypatch.setattr(LogWriter, "tick", lambda self: moments.append(time.monotonic()))
    job = run_one(
        "- hosts: all\n  gather_facts: false\n  tasks: [{ansible.builtin.raw: sleep 2}]\n"
    )
    assert job.status == Job.Status.SUCCESS
    assert max(late - early for early, late in pairwise(moments)) < 1
