"""Several servers in one run: which lines are whose, and how each job ends."""

from pathlib import Path

import pytest
from django.conf import settings

from automation.models import Job
from inventory.models import Server
from tests import make
from tests.automation.running import bare_lines, comparable, lines_of, run_here, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.on_either]

Kind = Job.FailureKind


@pytest.fixture
def servers() -> list[Server]:
    return [make.localhost(hostname=name) for name in ("one", "two", "three")]


def run(servers: list[Server], *plays: str) -> list[Job]:
    return run_here(make.playbook("".join(plays)), *servers)


def play(tasks: str, *, name: str = "Play", keywords: str = "") -> str:
    head = f"- name: {name}\n  hosts: all\n  gather_facts: false\n"
    return f"{head}{keywords and f'  {keywords}{chr(10)}'}  tasks:\n{tasks}"


def say(text: str, *, when: str = "true") -> str:
    return (
        f"    - name: {text}\n      ansible.builtin.debug: {{msg: '{text}'}}\n      when: {when}\n"
    )


def fail_on(*names: str) -> str:
    return (
        "    - name: Break\n      ansible.builtin.fail: {msg: broken}\n"
        f"      when: inventory_hostname in {list(names)}\n"
    )


def ends(jobs: list[Job]) -> list[str]:
    return [job.failure_kind or job.status for job in jobs]


def test_one_failed_server_fails_its_job_only(servers) -> None:
    jobs = run(servers, play(fail_on("two") + say("After")))

    assert ends(jobs) == ["success", "task_failed", "success"]


def test_any_errors_fatal_leaves_the_others_not_reached(servers) -> None:
    jobs = run(
        servers,
        play(say("Before") + fail_on("two") + say("After"), keywords="any_errors_fatal: true"),
    )

    assert ends(jobs) == ["not_reached", "task_failed", "not_reached"]
    assert "two (task “Break”)" in jobs[0].error_message and "one" in jobs[0].error_message
    assert jobs[0].counts["ok"] == 1
    assert jobs[0].run.exit_code == 2


def test_max_fail_percentage_leaves_the_others_not_reached(servers) -> None:
    tasks = say("Before") + fail_on("one") + say("After")
    jobs = run(servers, play(tasks, keywords="max_fail_percentage: 20"))

    assert ends(jobs) == ["task_failed", "not_reached", "not_reached"]


def test_below_max_fail_percentage_the_others_go_on(servers) -> None:
    jobs = run(servers, play(fail_on("one") + say("After"), keywords="max_fail_percentage: 50"))

    assert ends(jobs) == ["task_failed", "success", "success"]


def test_a_failed_batch_leaves_the_later_ones_not_reached(servers) -> None:
    rolling = play(fail_on("two") + say("Rolled"), name="Roll", keywords="serial: 1")

    jobs = run(servers, rolling)

    assert ends(jobs) == ["success", "task_failed", "not_reached"]
    assert "before it reached three" in jobs[2].error_message


def test_a_batch_that_never_began_is_no_success_after_an_earlier_play(servers) -> None:
    rolling = play(fail_on("one"), name="Roll", keywords="serial: 1")

    jobs = run(servers, play(say("Before"), name="First"), rolling)

    assert ends(jobs) == ["task_failed", "not_reached", "not_reached"]
    assert jobs[1].counts["ok"] == 1


def test_a_play_that_never_began_is_missing_from_its_servers_only(servers) -> None:
    first = play(say("Before"), name="First")
    second = play(fail_on("one"), name="Second").replace("hosts: all", "hosts: one")
    third = play(say("Third"), name="Third").replace("hosts: all", "hosts: '{{ \"two\" }}'")

    jobs = run(servers, first, second, third)

    assert ends(jobs) == ["task_failed", "not_reached", "success"]


def test_run_once_that_fails_leaves_the_others_not_reached(servers) -> None:
    once = "    - name: Once\n      ansible.builtin.fail: {msg: no}\n      run_once: true\n"

    jobs = run(servers, play(once + say("After")))

    assert ends(jobs) == ["task_failed", "not_reached", "not_reached"]


@pytest.mark.parametrize("word", ["end_host", "end_play", "end_batch"])
def test_whoever_is_through_early_has_succeeded(servers, word) -> None:
    ending = f"    - ansible.builtin.meta: {word}\n      when: inventory_hostname == 'one'\n"
    broken = play(fail_on("two"), name="Later").replace("hosts: all", "hosts: two")

    jobs = run(servers, play(say("Before") + ending), broken)

    assert ends(jobs) == ["success", "task_failed", "success"]


def test_a_rescue_under_any_errors_fatal_is_a_success(servers) -> None:
    block = (
        "    - block:\n"
        "        - name: Break\n          ansible.builtin.fail: {msg: broken}\n"
        "          when: inventory_hostname == 'two'\n"
        "      rescue:\n        - ansible.builtin.debug: {msg: saved}\n"
    )

    jobs = run(servers, play(block + say("After"), keywords="any_errors_fatal: true"))

    assert ends(jobs) == ["success", "success", "success"]


def test_the_retry_list_does_not_show(servers) -> None:
    for job in run(servers, play(fail_on("one", "two"))):
        assert "to retry" not in text_of(job)


CALM = """    - name: A loop
      ansible.builtin.raw: echo {{ item }}
      loop: [a, b]
    - name: Included
      ansible.builtin.include_tasks: included.yml
      loop: [1, 2]
    - name: Elsewhere
      ansible.builtin.raw: echo delegated
      delegate_to: three
    - name: Each its own
      ansible.builtin.debug: {msg: "{{ inventory_hostname }}"}
    - name: With a handler
      ansible.builtin.raw: "true"
      notify: Handler
  handlers:
    - name: Handler
      ansible.builtin.debug: {msg: handled}
"""
STRATEGIES = {
    "linear": "strategy: linear",
    "free": "strategy: free",
    "host_pinned": "strategy: host_pinned",
    "serial": "serial: 1",
    "batches": "serial: 2",
}


def anywhere(lines: list[str]) -> list[str]:
    """Included files are shown with their paths, which differ from test to test."""
    return [line.replace(str(settings.PLAYBOOK_ROOT), "…") for line in comparable(lines)]


# What bare Ansible prints for each server, whatever the strategy; run once for all tests.
ALONE: dict[str, list[str]] = {}


@pytest.mark.parametrize("keywords", STRATEGIES.values(), ids=STRATEGIES)
def test_each_log_reads_like_a_run_against_that_server_alone(
    servers, keywords, tmp_path: Path
) -> None:
    make.playbook_file("included.yml", "- ansible.builtin.debug: {msg: included}\n")
    # In the bare run too, a delegated task needs the other server in the inventory.
    calm = CALM.replace("delegate_to: three", "delegate_to: localhost")
    second = play(say("Last"), name="Second")
    plain = make.playbook(play(calm) + second)
    for server in servers:
        if str(server) not in ALONE:
            bare = bare_lines(plain, server, tmp_path / str(server))
            ALONE[str(server)] = anywhere(bare)

    jobs = run_here(make.playbook(play(calm, keywords=keywords) + second), *servers)

    for job in jobs:
        assert job.status == Job.Status.SUCCESS
        assert anywhere(lines_of(job)) == ALONE[str(job.server)]


def test_lines_of_a_delegated_task_are_its_own_servers(servers) -> None:
    jobs = run(servers, play(CALM.replace("include_tasks: included.yml", "debug: {msg: x}")))

    for job in jobs:
        arrows = [line for line in text_of(job).splitlines() if "-> three" in line]
        expected = [] if str(job.server) == "three" else [f"changed: [{job.server} -> three"]
        assert [line.partition("(")[0] for line in arrows] == expected
        assert job.task_results.counts() == job.counts


def test_run_once_stands_with_the_server_that_ran_it(servers) -> None:
    once = "    - name: Once\n      ansible.builtin.debug: {msg: only here}\n      run_once: true\n"

    jobs = run(servers, play(once + say("After")))

    assert ["only here" in text_of(job) for job in jobs] == [True, False, False]
    assert [job.task_results.count() for job in jobs] == [2, 1, 1]
    assert "TASK [Once]" not in text_of(jobs[1])
    assert ends(jobs) == ["success"] * 3


def test_whoever_took_part_in_a_play_of_run_once_alone_has_succeeded(servers) -> None:
    once = "    - name: Once\n      ansible.builtin.debug: {msg: only here}\n      run_once: true\n"

    jobs = run(servers, play(once), play(once).replace("all", "three"))

    assert ends(jobs) == ["success"] * 3
    assert [job.counts["ok"] for job in jobs] == [1, 0, 1]


def test_a_play_for_others_is_no_part(servers) -> None:
    jobs = run(servers, play(say("Here")).replace("all", "one"))

    assert ends(jobs) == ["success", "skipped", "skipped"]


def test_a_task_on_an_added_host_is_its_own_servers(servers) -> None:
    adding = """    - name: Add
      ansible.builtin.add_host:
        name: guest
        ansible_connection: local
        ansible_python_interpreter: "{{ ansible_playbook_python }}"
"""
    there = "    - name: There\n      ansible.builtin.raw: echo hi\n      delegate_to: guest\n"

    jobs = run(servers, play(adding + there))

    for job in jobs:
        assert text_of(job).count("-> guest") == text_of(job).count(f"[{job.server} -> guest") == 1
        assert job.task_results.counts() == job.counts
    assert ends(jobs) == ["success"] * 3
