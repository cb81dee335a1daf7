"""Secrets appear nowhere in plain text: not in a log, a job, a ticket or the audit trail."""

import json
import time

import pytest

from audit.models import AuditLog
from audit.redaction import MASK
from automation.models import Job
from tests import make
from tests.automation.running import run_here, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.on_either]

SECRET = "Zq7'Kw\"9ß"
# A command's message is cut to 500 characters: here that would cut the secret in two.
CUT = "import sys; sys.exit('A' * 430 + sys.argv[1] + 'B' * 495)"
PLAY = [
    {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [
            {"ansible.builtin.debug": {"msg": "{{ given | quote }} {{ {'a': given} | to_json }}"}},
            {"ansible.builtin.shell": "echo {{ given | quote }}"},
            {
                "name": "Break {{ given }}",
                "ansible.builtin.command": {
                    "argv": ["{{ ansible_playbook_python }}", "-c", CUT, "{{ given }}"]
                },
            },
        ],
    }
]


def everything_kept(job: Job) -> str:
    tickets = [(ticket.title, ticket.description) for ticket in job.tickets.all()]
    details = list(AuditLog.objects.values_list("details", flat=True))
    kept = [text_of(job), job.error_message, job.failed_task, job.run.command, tickets, details]
    return json.dumps(kept, ensure_ascii=False)


@pytest.mark.parametrize("verbosity", [0, 4])
def test_a_secret_is_masked_in_every_notation_and_wherever_it_is_cut(verbosity: int) -> None:
    playbook = make.playbook(PLAY, variables={"given": {"type": "string", "secret": True}})

    job = run_here(playbook, make.localhost(), extra_vars={"given": SECRET}, verbosity=verbosity)[0]

    assert job.failed_task == "Break {{ given }}"
    assert job.tickets.count() == 1
    kept = everything_kept(job)
    assert not any(piece in kept for piece in ("Zq7", "Kw", "9ß"))


def test_the_secrets_among_a_servers_variables_are_masked() -> None:
    server = make.localhost()
    server.variables |= {"ansible_become_password": "Bcm7Pw!", "db": {"password": "Nested5P"}}
    server.save(update_fields=["variables"])
    play = [
        {
            "hosts": "all",
            "gather_facts": False,
            "tasks": [
                {"ansible.builtin.debug": {"msg": "{{ ansible_become_password }} {{ db }}"}},
                {"ansible.builtin.fail": {"msg": "not {{ db.password }}"}},
            ],
        }
    ]

    job = run_here(make.playbook(play), server, verbosity=4)[0]

    assert job.error_message.endswith(f"not {MASK}")
    kept = everything_kept(job)
    assert "Bcm7Pw" not in kept and "Nested5P" not in kept


def test_a_message_names_the_playbooks_folder_and_not_the_private_one(settings) -> None:
    job = run_here(make.playbook([{"hosts": "all", "roles": ["absent"]}]), make.localhost())[0]

    assert "absent" in job.error_message
    assert settings.RUN_ROOT not in job.error_message
    assert settings.RUN_ROOT not in text_of(job)


def test_a_configuration_that_asks_for_passwords_waits_for_nobody() -> None:
    make.playbook_file("ansible.cfg", "[privilege_escalation]\nbecome_ask_pass = True\n")
    started = time.monotonic()

    job = run_here(make.playbook(make.HELLO), make.localhost(), deadline_seconds=30)[0]

    assert job.status == Job.Status.SUCCESS, job.error_message
    assert time.monotonic() - started < 25
