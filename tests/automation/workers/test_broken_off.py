"""A playbook that stops early: success is only for servers on which it reached its end."""

import pytest

from automation.models import Job
from tests import make
from tests.automation.running import run_here, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.on_either]

START = "- hosts: all\n  gather_facts: false\n"
WORKS = "    - ansible.builtin.debug: {msg: fine}\n"
BAD_BREAKS = "    - ansible.builtin.fail: {msg: broken}\n      when: inventory_hostname == 'bad'\n"
ONCE_BREAKS = "    - ansible.builtin.fail: {msg: broken}\n      run_once: true\n"


def play(hosts: str, tasks: str) -> str:
    return f"- hosts: {hosts}\n  gather_facts: false\n  tasks:\n{tasks}"


def kinds(content: str) -> dict[str, str]:
    """{host: kind of failure, or “success”} for the servers `bad` and `good`."""
    servers = [make.localhost(hostname=name) for name in ("bad", "good")]
    jobs = run_here(make.playbook(content), *servers)
    for job in jobs:
        assert "to retry" not in text_of(job)
    return {
        job.server.hostname: job.failure_kind or str(Job.Status(job.status).value) for job in jobs
    }


@pytest.mark.parametrize("setting", ["any_errors_fatal: true", "max_fail_percentage: 10"])
def test_a_failure_that_ends_it_for_all_is_no_success_elsewhere(setting: str) -> None:
    content = START + f"  {setting}\n  tasks:\n" + WORKS + BAD_BREAKS + WORKS

    assert kinds(content) == {"bad": "task_failed", "good": "not_reached"}


def test_a_task_that_fails_once_for_all_fails_all() -> None:
    ended = kinds(play("all", WORKS + ONCE_BREAKS + WORKS))

    assert sorted(ended.values()) == ["not_reached", "task_failed"]


def test_a_play_that_never_began_is_no_success() -> None:
    content = play("all", WORKS) + play("bad", BAD_BREAKS) + play("good", WORKS)

    assert kinds(content) == {"bad": "task_failed", "good": "not_reached"}


def test_a_play_for_others_that_never_began_is_no_failure() -> None:
    content = play("all", WORKS) + play("bad", BAD_BREAKS) + play("databases", WORKS)

    assert kinds(content) == {"bad": "task_failed", "good": "success"}


def test_a_failure_that_ends_nothing_leaves_the_others_alone() -> None:
    content = play("all", WORKS + BAD_BREAKS + WORKS) + play("all", WORKS)

    assert kinds(content) == {"bad": "task_failed", "good": "success"}


def test_a_rescued_failure_ends_nothing() -> None:
    block = (
        "    - block:\n        - ansible.builtin.fail: {msg: broken}\n"
        "      rescue:\n        - ansible.builtin.debug: {msg: saved}\n"
    )

    assert kinds(play("all", block + WORKS)) == {"bad": "success", "good": "success"}


def test_a_server_that_no_play_is_for_is_told_so() -> None:
    assert kinds(play("good", WORKS)) == {"bad": "skipped", "good": "success"}
