"""Two runs at once on one inventory share inventory_dir, and nothing else."""

import pytest

from automation.models import Job, Run
from inventory.ansible.inventory_folder import InventoryFolder
from tests import make
from tests.automation.running import text_of
from tests.private_servers import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

# Each waits for the other beside the inventory: it ends only if both run at the same time.
MEET = (
    "touch {{ inventory_dir }}/{{ own }}.here; for n in $(seq 300); do "
    "[ -e {{ inventory_dir }}/{{ other }}.here ] && exit 0; sleep 0.1; done; exit 1"
)
TOKEN = "{{ lookup('password', inventory_dir ~ '/creds/token length=12 chars=digits') }}"
SAY = (
    "{{ own }} with {{ api_token | length }} and {{ token }} in {{ hostvars[host].inventory_dir }}"
)
PLAY = [
    {
        "hosts": "all",
        "gather_facts": False,
        "vars": {"token": TOKEN, "host": "{{ inventory_hostname }}"},
        "tasks": [
            {"name": "Meet", "ansible.builtin.raw": MEET},
            {"name": "Say", "ansible.builtin.debug": {"msg": SAY}},
        ],
    }
]


def server(own: str, other: str, secret: str):
    local = {"ansible_connection": "local", "ansible_python_interpreter": make.PYTHON}
    variables = {**local, "own": own, "other": other, "api_token": secret}
    return make.localhost(hostname=own, variables=variables)


def test_they_do_not_wait_for_each_other_and_see_inventories_of_their_own(qcluster, alice):
    servers = [server("one", "two", "s3cret-1"), server("two", "one", "s3cret-number-2")]
    playbook = make.playbook(PLAY)
    for each in servers:
        make.launch(playbook, alice, [each])
    wait_until(
        lambda: not Run.objects.exclude(state="finished").exists(), seconds=90, what="both runs"
    )
    first, second = Job.objects.recent().order_by("id")
    assert (first.status, second.status) == ("success", "success"), text_of(first) + text_of(second)
    folder = InventoryFolder(servers[0].inventory).path
    token = (folder / "creds" / "token").read_text().strip()
    assert f"one with 8 and {token} in {folder}" in text_of(first)
    assert f"two with 15 and {token} in {folder}" in text_of(second)
    names = {each.name for each in folder.iterdir()}
    assert names == {"hosts", "creds", "one.here", "two.here"}
    kept = "".join(each.read_text() for each in folder.rglob("*") if each.is_file())
    assert "s3cret" not in kept
