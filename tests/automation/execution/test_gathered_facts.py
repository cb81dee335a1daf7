"""Facts gathered by real runs are stored for the right servers."""

import pytest
from django.db import DataError

from inventory.models import ServerFacts
from tests import make
from tests.automation.running import run_here

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.on_either]

GATHERING = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.setup: {gather_subset: [min]}
      when: inventory_hostname == 'one'
    - ansible.builtin.setup: {gather_subset: ["!all", "!min", "env"]}
      when: inventory_hostname == 'one'
    - ansible.builtin.setup: {gather_subset: [min]}
      delegate_to: neighbour
      delegate_facts: true
      run_once: true
    - ansible.builtin.set_fact: {ansible_mine: "not a fact of the machine"}
"""


def test_facts_are_kept_for_whom_they_are_about() -> None:
    one, two = make.localhost(hostname="one"), make.localhost(hostname="two")
    make.localhost(hostname="neighbour")

    jobs = run_here(make.playbook(GATHERING), one, two)

    assert {job.status for job in jobs} == {"success"}
    kept = {row.server: row for row in ServerFacts.objects.select_related("server")}
    assert set(kept) == {one}  # a neighbour's facts are for its own run
    facts = kept[one].facts
    assert facts["ansible_system"] == "Linux"
    assert not {"ansible_env", "ansible_cmdline", "ansible_mine"} & set(facts)
    assert jobs[0].started_at and jobs[0].started_at <= kept[one].gathered_at
    one.refresh_from_db()
    assert one.os_type == facts["ansible_distribution"]


def test_known_secrets_in_facts_are_masked() -> None:
    playbook = make.playbook(
        """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.copy:
        content: '"{{ token }}"'
        dest: "{{ playbook_dir }}/site.fact"
    - ansible.builtin.setup: {gather_subset: [min, local], fact_path: "{{ playbook_dir }}"}
""",
        variables={"token": {"type": "string", "secret": True, "required": True}},
    )
    server = make.localhost()

    job = run_here(playbook, server, extra_vars={"token": "hunter2hunter2"})[0]

    assert job.status == "success"
    assert ServerFacts.objects.get().facts["ansible_local"] == {"site": "********"}


def test_facts_that_cannot_be_kept_do_not_change_the_end(monkeypatch) -> None:
    def refuse(*args: object) -> bool:
        raise DataError("not this")

    monkeypatch.setattr(type(ServerFacts.objects.all()), "keep", refuse)
    content = make.HELLO_FACTS

    job = run_here(make.playbook(content), make.localhost())[0]

    assert job.status == "success"
    assert not ServerFacts.objects.exists()
