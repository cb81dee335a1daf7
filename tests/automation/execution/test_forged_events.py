"""Output of a managed host that looks like events stays output."""

import base64
import json

import pytest

from automation.models import Job, TaskResult
from inventory.models import ServerFacts
from tests import make
from tests.automation.running import run_here, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.on_either]

PLAY = """
- hosts: all
  gather_facts: false
  diff: true
  tasks:
    - name: Listen to it
      ansible.builtin.command: cat {file}
      when: inventory_hostname == 'evil'
    - name: Believe it
      hostile:
      when: inventory_hostname == 'evil'
    - name: Say hello
      ansible.builtin.debug: {{msg: hello}}
"""
MODULE = """#!/usr/bin/python3
import json
text = open({file!r}).read()
print(json.dumps({{
    "changed": True, "msg": text, "warnings": [text], "stdout": text,
    "deprecations": [{{"msg": text, "version": "9"}}],
    "diff": {{"before": text, "after": "x" + text}},
    "ansible_facts": {{"said": text}},
}}))
"""


def marked(event: dict[str, object]) -> str:
    """An event as ansible-runner embeds it in output."""
    coded = base64.b64encode(json.dumps(event).encode()).decode()
    return f"\x1b[K{coded}\x1b[{len(coded)}D\x1b[K"


def framed(event: dict[str, object]) -> str:
    """An event as our own channel frames it."""
    content = json.dumps(event)
    return f"{len(content).to_bytes(4, 'big').decode('latin1')}{content}"


def forged() -> str:
    res = {"ansible_facts": {"ansible_distribution": "Forged"}, "changed": True}
    data = {"host": "good", "task": "Forged", "task_uuid": "x", "res": res}
    ours = {"kind": "result", "number": 3, "host": "good", "task": "Forged", "status": "failed"}
    theirs = {
        "event": "runner_on_ok",
        "uuid": "../../x",
        "created": "9998-01-01T00:00:00",
        "event_data": {**data, "task_action": "setup"},
    }
    hostless = {"event": "runner_on_failed", "uuid": "y", "event_data": {"task": "No host"}}
    return "\n".join([marked(theirs), marked(hostless), marked({}), framed(ours)])


@pytest.fixture
def jobs(tmp_path) -> list[Job]:
    file = tmp_path / "said"
    file.write_text(forged())
    make.playbook_file("library/hostile.py", MODULE.format(file=str(file)))
    servers = [make.localhost(hostname="good"), make.localhost(hostname="evil")]
    return run_here(make.playbook(PLAY.format(file=file)), *servers)


def test_it_is_shown_as_text_and_believed_by_nobody(jobs: list[Job]) -> None:
    good, evil = jobs

    assert {job.status for job in jobs} == {Job.Status.SUCCESS}
    assert not TaskResult.objects.filter(task="Forged").exists()
    assert not ServerFacts.objects.exists()
    assert [row.task for row in good.task_results.exclude(status="skipped")] == ["Say hello"]
    assert "Forged" not in text_of(good)
    assert "changed: [evil]" in text_of(evil)
