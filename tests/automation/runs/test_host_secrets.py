"""Secret variables of servers in a run: opened with their types, masked in whatever is kept."""

import json

import pytest

from audit.models import AuditLog
from audit.redaction import MASK
from automation.execution.run_secrets import known_secrets
from automation.models import Job, Run
from inventory.host_variables import variables_to_store
from inventory.models import Server
from schema.encryption import generate_key
from schema.exceptions import Refused
from tests import make
from tests.automation.running import (
    claimed,
    finish_here,
    run_here,
    sealed_by_ansible,
    text_of,
)

# On both databases: each stores JSON, with its numbers, in a way of its own.
pytestmark = pytest.mark.django_db

LINES = "first-L1ne\nsecond-L1ne\n"
SECRETS = {
    "text_password": "{{ 'tmpl' }}-hunter2",
    "number_password": 12345678,
    "pin": 0.25,
    "tls_key": LINES,
    "app": {"users": [{"name": "anna", "token": "anna-t0ken"}], "on": True},
    "shop": {"deep": ["sh0pping", 7777777, False, None]},
    "flag": True,
}
PLAY = [
    {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [
            {
                "ansible.builtin.assert": {
                    "that": [
                        "text_password == 'tmpl-hunter2'",
                        "number_password == 12345678 and number_password is integer",
                        "pin == 0.25 and pin is float",
                        "tls_key == 'first-L1ne\\nsecond-L1ne\\n'",
                        "app.users[0] == {'name': 'anna', 'token': 'anna-t0ken'}",
                        "app.on is true",
                        "shop.deep == ['sh0pping', 7777777, false, none]",
                        "flag is true",
                        "hostvars['neighbour'].api_token == 'neighb0ur'",
                        "'ansible_password' not in hostvars['neighbour']",
                        "'lost_token' not in hostvars['neighbour']",
                    ]
                }
            },
            {
                "name": "Show",
                "ansible.builtin.debug": {
                    "msg": "{{ [text_password, number_password, tls_key, app, shop, flag] }}"
                    " {{ hostvars['neighbour'].api_token }} {{ number_password | b64encode }}"
                },
            },
            {"ansible.builtin.fail": {"msg": "no {{ shop.deep[0] }} for {{ number_password }}"}},
        ],
    }
]
TOLD = ("hunter2", "12345678", "L1ne", "t0ken", "sh0pping", "7777777", "neighb0ur")


def here(**fields) -> Server:
    server = make.localhost(**fields)
    given = server.variables | SECRETS
    server.variables = variables_to_store(given, {}, ["shop", "flag"])
    server.save()
    return Server.objects.get(pk=server.pk)


@pytest.mark.slow
def test_each_arrives_with_its_type_and_nothing_kept_shows_it(settings) -> None:
    key, settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS, [generate_key()]
    neighbour = make.server(hostname="neighbour", variables={"lost_token": "x"})
    neighbour.refresh_from_db()
    settings.ENCRYPTION_KEYS = key
    neighbour.variables |= {"api_token": "neighb0ur", "ansible_password": "c0nnection"}
    neighbour.save()
    server = here()
    assert not any(text in json.dumps(server.variables) for text in TOLD)

    job = run_here(make.playbook(PLAY), server, verbosity=4)[0]

    assert "fail" in job.failed_task, text_of(job)
    assert job.error_message.endswith(f"no {MASK} for {MASK}")
    assert "All assertions passed" in text_of(job)
    results = list(job.task_results.values_list("message", "diff", "result"))
    tickets = [(ticket.title, ticket.description) for ticket in job.tickets.all()]
    details = list(AuditLog.objects.values_list("details", flat=True))
    kept = json.dumps([text_of(job), job.error_message, job.run.command, results, tickets, details])
    assert not [text for text in (*TOLD, "c0nnection") if text in kept]


def test_one_that_no_key_opens_refuses_the_launch_by_its_name(settings) -> None:
    server = here(hostname="web1")
    settings.ENCRYPTION_KEYS = [generate_key()]
    with pytest.raises(Refused) as refused:
        make.launch(make.playbook(make.HELLO), make.user(role="operator"), [server])
    assert "“text_password” of web1" in str(refused.value)
    assert "enter the secret again" in str(refused.value)
    assert not Run.objects.exists()


@pytest.mark.slow
def test_one_whose_key_is_gone_meanwhile_ends_the_run_by_its_name(settings) -> None:
    run = claimed(make.HELLO, here(hostname="web1"))
    settings.ENCRYPTION_KEYS = [generate_key()]
    job = finish_here(run)
    assert (job.status, job.failure_kind) == (Job.Status.FAILED, Job.FailureKind.INTERNAL)
    assert (
        "“text_password” of web1" in job.error_message and "Put the key back" in job.error_message
    )


def test_masking_knows_each_text_of_them_all() -> None:
    neighbour = make.server(variables={"api_token": "neighb0ur"})
    neighbour.refresh_from_db()
    job = make.job(server=here())
    known = {text for _, text in known_secrets(job.run, [job.server], [neighbour])}
    assert {"{{ 'tmpl' }}-hunter2", "12345678", LINES, "anna-t0ken", "sh0pping"} <= known
    assert "neighb0ur" in known and "anna" not in known


# --- Texts that are taken apart -------------------------------------------------------------------

KUBECONFIG = "users:\n- name: anna\n  user:\n    token: kube-t0ken\n"
CONFIG = json.dumps({"user": "anna", "db": {"password": "in-js0n"}})
APART = [
    {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [
            {
                "name": "Show",
                "ansible.builtin.debug": {
                    "msg": "<{{ (kubeconfig | from_yaml).users[0].user.token }}> "
                    "<{{ (config | from_json).db.password }}> "
                    "<{{ (given | from_json).db.password }}> <{{ (config | from_json).user }}>"
                },
            }
        ],
    }
]


@pytest.mark.slow
def test_a_secret_within_a_text_is_masked_alone_too() -> None:
    server = make.localhost()
    server.variables |= {"kubeconfig": KUBECONFIG, "config": CONFIG}
    server.save()
    server.refresh_from_db()
    assert not [text for text in ("kube-t0ken", "in-js0n") if text in json.dumps(server.variables)]
    given = {"given": CONFIG.replace("in-js0n", "at-launch-0nly")}
    playbook = make.playbook(APART, accepts_undeclared=True)

    job = run_here(playbook, server, extra_vars=given)[0]

    assert f"<{MASK}> <{MASK}> <{MASK}> <anna>" in text_of(job)


# --- Encrypted by Ansible Vault, and entered by hand ----------------------------------------------

OPENED = [
    {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [
            {
                "ansible.builtin.assert": {
                    "that": [
                        "note == 'deep blue'",
                        "db_password == 'hunter2'",
                        "app.shades[0] == 'deep blue'",
                        "'note' not in hostvars['neighbour']",
                        "hostvars['neighbour'].app == {'shades': [], 'port': 1}",
                    ]
                }
            }
        ],
    }
]


@pytest.mark.slow
def test_ansible_opens_what_its_vault_has_encrypted(api_of, boss, tmp_path) -> None:
    note, password = (
        {"__ansible_vault": sealed_by_ansible(text, "open sesame", tmp_path)}
        for text in ("deep blue", "hunter2")
    )
    given = {"note": note, "db_password": password, "app": {"shades": [note], "port": 1}}
    server = make.localhost()
    sent = {"variables": server.variables | given}
    assert api_of(boss).patch(f"/api/servers/{server.pk}", sent).status_code == 200
    server.refresh_from_db()
    make.server(hostname="neighbour", variables=given)
    playbook = make.playbook(OPENED)
    make.vault_password("open sesame", playbook=playbook)

    job = run_here(playbook, server)[0]

    assert job.status == Job.Status.SUCCESS, text_of(job)


@pytest.mark.slow
def test_a_neighbour_of_before_cannot_spoil_the_inventory() -> None:
    broken = {"note": {"__ansible_unsafe": 5}, "list": [{"__ansible_vault": None}]}
    make.server(hostname="neighbour", variables=broken)
    play = [
        {**OPENED[0], "tasks": [{"ansible.builtin.debug": {"msg": "{{ hostvars.neighbour }}"}}]}
    ]
    assert run_here(make.playbook(play), make.localhost())[0].status == Job.Status.SUCCESS
