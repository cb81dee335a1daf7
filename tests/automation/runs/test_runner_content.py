"""Realistic content, compared with bare ansible-playbook."""

from pathlib import Path

import pytest

from automation.execution.transcript import Transcript
from automation.models import Job
from tests import make
from tests.automation.running import bare_lines, lines_of, run_here, run_one, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.on_either]

NESTED = """
- hosts: all
  gather_facts: false
  tasks:
    - name: Run another one
      ansible.builtin.command: >-
        {{ ansible_playbook_python | dirname }}/ansible-playbook
        -i localhost, -c local {{ playbook_dir }}/inner.yml
"""


def test_a_task_may_run_ansible_playbook_itself() -> None:
    make.playbook_file("inner.yml", "- {hosts: all, gather_facts: false, tasks: [debug: ]}\n")

    job = run_one(NESTED)

    assert (job.status, job.error_message) == (Job.Status.SUCCESS, "")


NEVER_MADE = """
- hosts: all
  gather_facts: false
  tasks:
    - {name: Provision, ansible.builtin.fail: {msg: no machine left}}
- hosts: "{{ groups['made'] }}"
  gather_facts: false
  tasks:
    - ansible.builtin.debug: {msg: configured}
"""


def test_a_play_for_what_was_never_made_does_not_hide_the_cause() -> None:
    job = run_one(NEVER_MADE)

    assert job.failure_kind == Job.FailureKind.TASK_FAILED
    assert "no machine left" in job.error_message
    assert job.counts["failed"] == 1
    assert "PLAY RECAP" in text_of(job)


ODD_LOOKUP = """
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        Display().debug({"not": "a text"})
        return ["fine"]
"""


def test_a_plugin_may_debug_what_is_no_text() -> None:
    make.playbook_file("lookup_plugins/odd.py", ODD_LOOKUP)
    play = "- {hosts: all, gather_facts: false, tasks: [debug: {msg: \"{{ lookup('odd') }}\"}]}\n"

    assert run_one(play).status == Job.Status.SUCCESS


def test_what_is_printed_before_the_first_event_stands_first(tmp_path: Path) -> None:
    server, playbook = make.localhost(), make.playbook(make.HELLO)
    bare = bare_lines(playbook, server, tmp_path / "bare", "-vv")

    job = run_here(playbook, server, verbosity=2)[0]

    first = [line.partition(" ")[0] for line in lines_of(job)[:3]]
    assert first == [line.partition(" ")[0] for line in bare[:3]]


def test_an_event_that_cannot_be_dealt_with_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    init = Transcript.__init__

    def with_a_defect(self: Transcript, *args: object) -> None:
        init(self, *args)  # type: ignore[arg-type]
        monkeypatch.setattr(self._results, "note", {}.__getitem__)

    # Stands for any bug of ours.
    monkeypatch.setattr(Transcript, "__init__", with_a_defect)

    job = run_one(make.HELLO)

    assert job.status == Job.Status.SUCCESS
    assert "hello" in text_of(job)
    assert "could not read" in text_of(job)
