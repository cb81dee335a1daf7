"""Runs know hosts by the names of their inventory, people by their host names."""

import pytest

from automation.models import Job
from inventory.models import ServerFacts
from tests import make
from tests.automation.running import run_here, text_of

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

NAMES = ["WEB-Eins", "2001:db8::10", "[::1]", "-dash", "Büro 1", "a,b", "root@here", "web*"]
SEES_ALL = [
    {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [
            {
                "name": "Who",
                "ansible.builtin.debug": {"msg": "I am <{{ inventory_hostname }}>"},
            },
            {
                "name": "Others",
                "ansible.builtin.debug": {"msg": "{{ groups['all'] | join('|') }}"},
            },
        ],
    }
]


@pytest.fixture
def staging(db):
    return make.inventory(name="staging")


def test_each_host_has_its_name_and_each_job_its_own_lines(staging):
    servers = [make.localhost(hostname=name, inventory=staging) for name in NAMES]
    unseen = make.localhost(hostname="elsewhere")
    jobs = run_here(make.playbook(SEES_ALL), *servers[:-1])
    assert [job.status for job in jobs] == ["success"] * (len(NAMES) - 1)
    for job, name in zip(jobs, NAMES, strict=False):
        text = text_of(job)
        assert f"I am <{name}>" in text, name
        assert [other for other in NAMES if f"I am <{other}>" in text] == [name]
        assert "|".join(NAMES) in text
        assert unseen.hostname not in text


def test_a_play_for_a_name_in_capitals_runs(staging):
    """As in the team's own inventory: hosts: WEB-Eins, hostvars['DB01.Example']."""
    web = make.localhost(hostname="WEB-Eins", inventory=staging)
    make.localhost(hostname="DB01.Example", inventory=staging)
    said = "{{ inventory_hostname }} sees {{ hostvars['DB01.Example'].ansible_host }}"
    play = [{**make.HELLO[0], "hosts": "WEB-Eins", "tasks": [{"debug": {"msg": said}}]}]
    (job,) = run_here(make.playbook(play), web)
    assert job.status == Job.Status.SUCCESS
    assert "WEB-Eins sees 127.0.0.1" in text_of(job)


def test_facts_and_failures_belong_to_the_server_of_the_runs_inventory(staging):
    other, own = make.localhost(hostname="web1"), make.localhost(hostname="web1", inventory=staging)
    play = [
        {
            "hosts": "all",
            "gather_facts": True,
            "gather_subset": ["!all"],
            "tasks": [{"ansible.builtin.fail": {"msg": "no"}}],
        }
    ]
    (job,) = run_here(make.playbook(play), own)
    assert (job.status, job.server) == ("failed", own)
    assert [facts.server_id for facts in ServerFacts.objects.all()] == [own.pk]
    assert other.jobs.count() == 0
