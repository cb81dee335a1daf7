"""What a real run stores: its combined output, each task's whole result, the versions used."""

import json
import platform

import pytest
from ansible.release import __version__

from automation.ansi import plain
from automation.models import TaskResult
from automation.reports.run_log import RunOutput, every_line
from tests import make
from tests.automation.running import run_here, run_one

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.on_either]

PLAYBOOK = """
- name: Both
  hosts: all
  gather_facts: true
  vars: {token: hunter2-hunter2}
  tasks:
    - name: Nobody has a part in this
      ansible.builtin.debug: {msg: never}
      when: false
    - name: Says
      ansible.builtin.command: echo {{ inventory_hostname }} {{ given }}
    - name: Only the second
      ansible.builtin.debug: {msg: here}
      when: inventory_hostname == 'second'
    - name: A loop
      ansible.builtin.command: echo {{ item }}
      loop: [a, b]
    - name: Hidden
      ansible.builtin.command: echo something
      no_log: true
"""


@pytest.fixture
def jobs():
    spec = {"given": {"type": "string", "secret": True}}
    servers = [make.localhost(hostname=name) for name in ("first", "second")]
    playbook = make.playbook(PLAYBOOK, variables=spec)
    return run_here(playbook, *servers, extra_vars={"given": "hunter2-hunter2"})


def test_the_output_is_whole_and_in_order(jobs) -> None:
    run = jobs[0].run
    assert [job.status for job in jobs] == ["success", "success"]
    text = [plain(line.content) for line in every_line(RunOutput(run))]
    headings = [line for line in text if line.startswith(("PLAY", "TASK"))]
    assert [line.split(" *")[0] for line in headings] == [
        "PLAY [Both]",
        "TASK [Gathering Facts]",
        "TASK [Nobody has a part in this]",
        "TASK [Says]",
        "TASK [Only the second]",
        "TASK [A loop]",
        "TASK [Hidden]",
        "PLAY RECAP",
    ]
    says = text.index(next(line for line in text if line.startswith("TASK [Says]")))
    assert sorted(text[says + 1 : says + 3]) == ["changed: [first]", "changed: [second]"]
    recap = text.index(next(line for line in text if line.startswith("PLAY RECAP")))
    assert [line.split()[0] for line in text[recap + 1 : recap + 3]] == ["first", "second"]
    # Each server's own log is part of it, in the same order.
    for job in jobs:
        own = iter(text)
        assert all(plain(line.content) in own for line in job.lines(limit=5000))


def test_the_run_knows_its_versions(jobs) -> None:
    run = jobs[0].run
    run.refresh_from_db()
    assert (run.ansible_version, run.python_version) == (__version__, platform.python_version())


def test_each_task_has_its_whole_result_without_secrets(jobs) -> None:
    results = {task.task: task for task in jobs[1].task_results.all()}
    says = json.loads(results["Says"].result)
    assert says["rc"] == 0 and says["cmd"] == ["echo", "second", "********"]
    assert says["stdout_lines"] == ["second ********"]
    assert [item["stdout"] for item in json.loads(results["A loop"].result)["results"]] == [
        "a",
        "b",
    ]
    assert "ansible_facts" not in json.loads(results["Gathering Facts"].result)
    assert "something" not in results["Hidden"].result
    assert "censored" in json.loads(results["Hidden"].result)
    everything = " ".join(TaskResult.objects.values_list("result", flat=True))
    assert "hunter2" not in everything and "_ansible" not in everything


def test_a_run_on_one_server_is_kept_once() -> None:
    job = run_one("- hosts: all\n  tasks: [{ansible.builtin.ping: }]\n")
    assert not job.run.printed.exists()
    output = RunOutput(job.run)
    assert output.is_kept and output.last_line_number == job.last_line_number > 3
    assert [line.content for line in output.lines(0, 100)] == [line.content for line in job.lines()]
