"""Which task made a job fail: the first one not rescued; in job, results, ticket and log."""

import pytest

from automation.models import Job
from automation.reports.job_state import failing_line, failing_result
from tests import make
from tests.automation.running import run_here, run_one, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.on_either]


def statuses(job: Job) -> dict[str, str]:
    return dict(job.task_results.order_by("number").values_list("task", "status"))


def assert_caused_by(job: Job, task: str, message: str) -> None:
    assert (job.status, job.failed_task) == (Job.Status.FAILED, task)
    assert f"Task “{task}” failed" in job.error_message
    assert message in job.error_message
    result = failing_result(job)
    assert result is not None
    assert result.task == task
    assert result.path == job.failed_place
    number = failing_line(job)
    assert number is not None
    lines = [line.content for line in job.lines(after=number - 1, limit=3)]
    assert message in "\n".join(lines)


CLEANS_UP_BADLY = """
- hosts: all
  gather_facts: false
  tasks:
    - name: Guarded
      block:
        - name: Fill the tank
          ansible.builtin.fail: {msg: no fuel left}
      always:
        - name: Tidy
          block:
            - name: Sweep
              ansible.builtin.fail: {msg: the broom broke}
          rescue:
            - name: Leave it
              ansible.builtin.debug: {msg: good enough}
"""


def test_a_failure_that_is_rescued_while_cleaning_up_is_not_the_cause() -> None:
    job = run_one(CLEANS_UP_BADLY)

    assert_caused_by(job, "Fill the tank", "no fuel left")
    assert statuses(job) == {"Fill the tank": "failed", "Sweep": "rescued", "Leave it": "ok"}
    assert job.counts["rescued"] == 1


FAILS_WHILE_CLEANING_UP = """
- hosts: all
  gather_facts: false
  tasks:
    - block:
        - name: Fill the tank
          ansible.builtin.fail: {msg: no fuel left}
      always:
        - name: Sweep
          ansible.builtin.fail: {msg: the broom broke}
"""


def test_a_failure_in_always_does_not_replace_the_first() -> None:
    assert_caused_by(run_one(FAILS_WHILE_CLEANING_UP), "Fill the tank", "no fuel left")


RESCUE_FAILS = """
- hosts: all
  gather_facts: false
  tasks:
    - block:
        - name: Fill the tank
          ansible.builtin.fail: {msg: no fuel left}
      rescue:
        - name: Push
          ansible.builtin.fail: {msg: too heavy}
"""


def test_a_rescue_that_fails_is_the_cause() -> None:
    job = run_one(RESCUE_FAILS)

    assert_caused_by(job, "Push", "too heavy")
    assert statuses(job) == {"Fill the tank": "rescued", "Push": "failed"}


OUTER_RESCUES = """
- hosts: all
  gather_facts: false
  tasks:
    - block:
        - block:
            - name: Fill the tank
              ansible.builtin.raw: "false"
              loop: [1, 2]
          always:
            - name: Sweep
              ansible.builtin.debug: {msg: clean}
      rescue:
        - name: Walk
          ansible.builtin.debug: {msg: good for you}
    - name: Arrive
      ansible.builtin.fail: {msg: the door is shut}
"""


def test_what_an_outer_block_rescues_is_rescued() -> None:
    job = run_one(OUTER_RESCUES)

    assert_caused_by(job, "Arrive", "the door is shut")
    assert statuses(job)["Fill the tank"] == "rescued"


HANDLER_FAILS_TOO = """
- hosts: all
  gather_facts: false
  force_handlers: true
  tasks:
    - name: Change
      ansible.builtin.raw: "true"
      notify: Restart
    - name: Check the seals
      ansible.builtin.fail: {msg: a seal leaks}
      when: inventory_hostname == 'one'
  handlers:
    - name: Restart
      ansible.builtin.fail: {msg: it does not start}
"""


def test_a_handler_that_fails_afterwards_is_not_the_cause() -> None:
    playbook = make.playbook(HANDLER_FAILS_TOO)
    one, two = run_here(playbook, *(make.localhost(hostname=name) for name in ("one", "two")))

    assert_caused_by(one, "Check the seals", "a seal leaks")
    assert one.counts["failed"] == 2
    assert_caused_by(two, "Restart", "it does not start")
    assert one.occurrence.ticket != two.occurrence.ticket
    assert "a seal leaks" in one.occurrence.ticket.description


NAMED_BY_HOST = """
- hosts: all
  gather_facts: false
  tasks:
    - name: "Restart on {{ inventory_hostname }}"
      ansible.builtin.raw: "false"
"""


def test_the_place_of_a_task_is_the_same_whatever_its_name_is_filled_in_with() -> None:
    playbook = make.playbook(NAMED_BY_HOST)
    jobs = [run_here(playbook, make.localhost(hostname=name))[0] for name in ("one", "two")]

    assert [job.failed_task for job in jobs] == ["Restart on one", "Restart on two"]
    assert {job.failed_place for job in jobs} == {f"{playbook.file_path}:5"}
    assert "TASK [Restart on one]" in text_of(jobs[0])
