"""Nothing of an inventory is dropped for its name or its type, in real runs."""

import pytest

from automation.models import Job
from inventory.ansible.reading import read
from inventory.importing import import_inventory
from inventory.models import Inventory, Server
from tests import make
from tests.automation.inventories.test_imported_inventories import LOCAL, imported, play
from tests.automation.running import run_here, run_one, text_of

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db]

HUGE = 2**100


def test_a_roles_insecure_default_does_not_win(tmp_path):
    """Its name sounds like a secret, and so does the lifetime's."""
    variables = "password_authentication=no token_ttl=3600 sshd_password=hunter2"
    servers = imported(tmp_path, f"[web]\nsshd1 {LOCAL} {variables}\n")
    make.playbook_file(
        "roles/sshd/defaults/main.yml",
        "password_authentication: 'yes'\ntoken_ttl: 60\nsshd_password: changeme\n",
    )
    said = "PasswordAuthentication {{ password_authentication }} ttl={{ token_ttl }}"
    said += " {{ sshd_password | length }}"
    show = [{"name": "Show", "ansible.builtin.debug": {"msg": said}}]
    make.playbook_file("roles/sshd/tasks/main.yml", show)
    (job,) = run_here(
        make.playbook([{"hosts": "web", "gather_facts": False, "roles": ["sshd"]}]),
        *servers.values(),
    )
    assert "PasswordAuthentication no ttl=3600 7" in text_of(job)


SECRETISH = """
all:
  hosts:
    sec1:
      ansible_host: 127.0.0.1
      ansible_connection: local
      db_password: "{{ vault_db_password }}"
      vault_db_password: hunter2
      token_ttl: 3600
      token_endpoint: https://idp.example.org/oauth/token
      password_min_length: 14
      password_authentication: "no"
      secret_name: tls-cert
      api_key: [a, 1, null]
      pin: 1234
      access_key_rotation_days: 90
      nginx:
        port: 80
        auth: {token_header: X-Auth, token: 77}
      bypass: "on"
"""
KEPT = [
    "db_password == 'hunter2'",
    "token_ttl == 3600 and token_ttl is integer",
    "token_endpoint == 'https://idp.example.org/oauth/token'",
    "password_min_length == 14 and password_authentication == 'no'",
    "secret_name == 'tls-cert' and api_key == ['a', 1, none]",
    "pin == 1234 and pin is integer and access_key_rotation_days == 90",
    "nginx == {'port': 80, 'auth': {'token_header': 'X-Auth', 'token': 77}}",
    "(nginx | list) == ['port', 'auth'] and bypass == 'on'",
]


def test_names_that_sound_secret_keep_value_type_and_place(tmp_path):
    path = tmp_path / "hosts.yml"
    path.write_text(SECRETISH)
    import_inventory(read(path))
    server = Server.objects.get()
    assert "hunter2" not in str(server.variables) and "1234" not in str(server.variables)
    job = run_one([play("")[0] | {"hosts": "all", "tasks": [{"assert": {"that": KEPT}}]}], server)
    assert job.status == Job.Status.SUCCESS, text_of(job)


def test_whole_numbers_of_any_size(tmp_path):
    servers = imported(
        tmp_path,
        f"[web]\nbig1 {LOCAL} own={HUGE}\n[web:vars]\nof_group={HUGE + 1}\n",
        group_vars__web=f"of_file: {{deep: [{HUGE + 2}]}}\nbig_token: {HUGE + 3}\n",
    )
    said = [
        f"own == {HUGE} and of_group == {HUGE + 1} and own is integer",
        f"of_file.deep[0] == {HUGE + 2} and big_token == {HUGE + 3} and big_token is integer",
    ]
    tasks = [{"ansible.builtin.assert": {"that": said}}]
    (job,) = run_here(make.playbook(play("", tasks=tasks)), *servers.values())
    assert job.status == Job.Status.SUCCESS, text_of(job)


def test_a_group_named_like_an_environment_means_its_own_hosts(tmp_path):
    """Even where environments are groups."""
    Inventory.objects.update(separates_environments=True)
    servers = imported(tmp_path, f"[clash]\nclash1 {LOCAL}\n[other]\nclash2 {LOCAL}\n")
    Server.objects.update(environment="clash")
    content = [{**play("<{{ inventory_hostname }}>")[0], "hosts": "clash"}]
    jobs = run_here(make.playbook(content), *Server.objects.order_by("position"))
    assert [job.status for job in jobs] == [Job.Status.SUCCESS, Job.Status.SKIPPED]
    assert len(servers) == 2 and "clash2" not in text_of(jobs[0])
