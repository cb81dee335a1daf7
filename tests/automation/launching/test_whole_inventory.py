"""A launch on a whole inventory, asked for as such: in the form, the API and a terminal."""

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from automation.launching import Choice, Launch
from automation.models import Run
from inventory.models import Inventory
from tests import make
from tests.automation.sending import send_launch

pytestmark = pytest.mark.django_db

URL = "/api/jobs"
SERVERS = ["db1@staging", "web1@staging"]


@pytest.fixture
def staging(db) -> Inventory:
    row = make.inventory(name="Staging")
    make.server(hostname="web1")
    for name in ("web1", "db1"):
        make.server(hostname=name, inventory=row)
    make.server(hostname="off", inventory=row, is_active=False)
    return row


def test_an_inventory_alone_is_the_whole_of_it(staging):
    playbook = make.playbook()
    launch = Launch(playbook=playbook, servers=Choice(inventory="staging"))
    assert launch.whole_inventory == staging
    assert [server.hostname for server in launch.each_server()] == SERVERS
    part = Choice(inventory="staging", search="1")
    for servers in (part, launch.each_server()):  # the same servers, but not asked for as such
        assert Launch(playbook=playbook, servers=servers).whole_inventory is None


def test_an_inventory_that_is_not_there_is_named():
    with pytest.raises(ValidationError) as refused:
        _ = Launch(playbook=make.playbook(), servers=Choice(inventory="x")).whole_inventory
    assert refused.value.message_dict == {"inventory": ["There is no inventory “x”."]}


def test_it_is_launched_everywhere_alike(staging, api_of, client_of, alice, boss):
    playbook = make.playbook(name="hello")
    answer = api_of(alice).post(URL, {"playbook_id": playbook.pk, "inventory": "Staging"})
    assert answer.status_code == 201
    call_command("run_playbook", "hello", "--no-wait", "--inventory=staging")
    form = {"playbook": playbook.pk, "verbosity": 0, "forks": 5, "key": "k", "inventory": "Staging"}
    send_launch(client_of(alice), form)
    found = [[job.server.hostname for job in run.jobs.order_by("id")] for run in Run.objects.all()]
    assert found == [SERVERS] * 3


def test_an_unknown_one_is_refused_everywhere(staging, api_of, client_of, alice, boss):
    playbook = make.playbook(name="hello")
    answer = api_of(alice).post(URL, {"playbook_id": playbook.pk, "inventory": "x"})
    assert (answer.status_code, answer.json()["fields"]) == (
        400,
        {"inventory": ["There is no inventory “x”."]},
    )
    with pytest.raises(CommandError, match="There is no inventory “x”"):
        call_command("run_playbook", "hello", "--inventory=x")
    form = {"playbook": playbook.pk, "verbosity": 0, "forks": 5, "key": "k", "inventory": "x"}
    page = send_launch(client_of(alice), form)
    assert "inventory" in page.context["form"].errors
    assert not Run.objects.exists()


def test_relaunching_it_takes_the_whole_inventory_as_it_is_now(staging, client_of, alice):
    run = make.launch(make.playbook(), alice, Choice(inventory="Staging"))
    run.cancel(alice)
    page = client_of(alice).get(run.get_absolute_url()).content.decode()
    assert "Relaunch on the whole inventory: all 2 servers" in page
    assert "None: the whole inventory" in page
    make.server(hostname="web2", inventory=staging)
    again = make.relaunch(run, alice)
    assert again.whole_inventory and again.jobs.count() == 3
