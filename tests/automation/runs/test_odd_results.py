"""Odd results of modules do not change how a run ends."""

import pytest
from django.urls import reverse

from automation.models import Job
from inventory.models import ServerFacts
from tests import make
from tests.automation.running import run_one

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.on_either]

# Replaces Ansible's own `setup`: what it returns is stored as facts.
MODULE = """#!/usr/bin/python3
import json
odd = {odd}
print(json.dumps({{
    "changed": True, "msg": "m" + odd, "stdout": odd,
    "ansible_facts": {{"name" + odd: [odd, 2**80, 1.5], "ansible_distribution": "D" + odd}},
    "diff": {{"before": "b" + odd + "\\n", "after": "a" + odd + "\\n"}},
}}))
"""
CONTENT = """
- hosts: all
  gather_facts: false
  diff: true
  tasks:
    - ansible.builtin.setup:
      register: said
    - name: "Break {{ said.msg[:100] }}"
      ansible.builtin.fail: {msg: "because of {{ said.msg }}"}
"""


def broken_with(odd: str) -> Job:
    """A job whose module returned `odd` (a Python literal), and whose next task failed with it."""
    make.playbook_file("ansible.cfg", "[defaults]\nmodule_strict_utf8_response=False\n")
    make.playbook_file("library/setup.py", MODULE.format(odd=odd))
    content = CONTENT.replace("ansible.builtin.setup", "setup")
    job = run_one(content)
    assert job.failure_kind == Job.FailureKind.TASK_FAILED
    assert job.failed_task.startswith("Break m")
    assert [result.status for result in job.task_results.order_by("number")] == [
        "changed",
        "failed",
    ]
    return job


def test_half_a_character_shows_as_its_escape(api_of, alice) -> None:
    job = broken_with(r'"\ud800"')

    assert "because of m\\ud800" in job.error_message
    assert ServerFacts.objects.get(server=job.server).facts["name?"] == [
        *("\\ud800", str(2**80), 1.5)
    ]
    for what in ("", "/logs", "/tasks"):
        assert api_of(alice).get(f"/api/jobs/{job.job_id}{what}").status_code == 200


@pytest.mark.parametrize("odd", [r'"\x00"', r'"\U0001f680"', r'"\u2028\x85\x1b[31m\r\n"'])
def test_odd_characters_are_kept(odd: str) -> None:
    job = broken_with(odd)

    assert ServerFacts.objects.filter(server=job.server).exists()


def test_of_a_large_result_the_beginning_is_the_message_and_the_log_has_all() -> None:
    job = broken_with('"x" * 1_000_000')

    assert "because of mxxx" in job.error_message
    assert max(map(len, job.logs.values_list("content", flat=True))) > 1_000_000


def test_of_a_result_with_many_items_the_page_says_what_is_missing(
    client_of, api_of, alice
) -> None:
    job = run_one(
        "- hosts: all\n  gather_facts: false\n  tasks:\n"
        '    - ansible.builtin.debug: {msg: "{{ range(1500) | list }}"}\n'
    )

    assert job.status == Job.Status.SUCCESS
    page = client_of(alice).get(reverse("automation:job_task", args=[job.job_id, 1]))
    assert "… [500 more cut]" in page.content.decode()
    assert "Too large to keep in full" in page.content.decode()
    [task] = api_of(alice).get(f"/api/jobs/{job.job_id}/tasks").json()["tasks"]
    assert task["result_is_cut"]
