"""What would run is compared with what was shown, and differences are named."""

from dataclasses import replace

import pytest

from automation import launching
from automation.launching import Choice, Launch, PlanChanged
from automation.launching.digests import (
    MOST_NAMED,
    contents_of,
    name_changes,
    read_signed,
    sign_contents,
)
from automation.models import Run
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def web1(db):
    return make.server(hostname="web1", environment="staging", variables={"db_password": "s3cret"})


@pytest.fixture
def shown(alice, web1):
    """A launch on staging, with the digest and the contents of its plan."""
    playbook = make.playbook(name="Deploy", variables={"version": {"default": "1.4"}})
    launch = Launch(playbook=playbook, servers=Choice(environment="staging"))
    intention = launching.rehearse(alice, launch)
    again = replace(launch, expect=intention.digest, servers=Choice(environment="staging"))
    return again, read_signed(intention.signed)


def changed(actor, shown) -> list[str]:
    """The differences named in the refusal. Requires that the launch is refused."""
    launch, before = shown
    with pytest.raises(PlanChanged) as refused:
        launching.launch(actor, launch)
    assert not Run.objects.exists()
    now = refused.value.intention
    assert launching.launch(actor, replace(launch, expect=now.digest)).is_new
    return name_changes(before, now.contents, str(now.run.playbook))


def test_nothing_changed_is_launched(alice, shown) -> None:
    assert launching.launch(alice, shown[0]).is_new


def test_a_server_that_was_added(alice, shown) -> None:
    make.server(hostname="web2", environment="staging")
    assert changed(alice, shown) == ["Added: web2."]


def test_a_server_that_left(alice, shown, web1) -> None:
    make.server(hostname="web2", environment="staging")
    web1.is_active = False
    web1.save()
    assert changed(alice, shown) == ["Added: web2.", "No longer included: web1."]


@pytest.mark.parametrize(
    "edit",
    [
        {"ip_address": "192.0.2.77"},
        {"ssh_port": 2222},
        {"ssh_user": "root"},
        {"tags": {"role": "db"}},
        {"variables": {"db_password": "another"}},
    ],
)
def test_a_server_that_was_edited(alice, shown, web1, edit) -> None:
    for name, value in edit.items():
        setattr(web1, name, value)
    web1.save()
    assert changed(alice, shown) == ["Edited since: web1."]


def test_what_a_run_learns_of_a_server_is_no_change(alice, shown, web1) -> None:
    web1.host_key, web1.os_type = make.HOST_KEY, "Debian"
    web1.save()
    assert launching.launch(alice, shown[0]).is_new


@pytest.mark.parametrize("edit", [{"ssh_user": "root"}, {"become_user": "postgres"}])
@pytest.mark.parametrize("is_named", [True, False])
def test_a_credential_that_was_edited(alice, shown, web1, edit, is_named) -> None:
    """Its own or the launch's: with another user, something else runs."""
    credential = make.credential(name="deploy key", ssh_user="deploy")
    if is_named:
        launch = replace(shown[0], credential=credential)
    else:
        web1.credential = credential
        web1.save()
        launch = shown[0]
    intention = launching.rehearse(alice, replace(launch, expect=""))
    for name, value in edit.items():
        setattr(credential, name, value)
    credential.save()
    again = replace(launch, expect=intention.digest, servers=Choice(environment="staging"))
    assert changed(alice, (again, read_signed(intention.signed))) == [
        "Credentials edited meanwhile: deploy key."
    ]


def test_a_new_key_in_a_credential_is_no_other_plan(alice, shown, web1) -> None:
    web1.host_key = make.HOST_KEY
    web1.save()
    credential = make.credential(name="deploy key")
    launch = replace(shown[0], credential=credential, expect="", servers=[web1])
    digest = launching.rehearse(alice, launch).digest
    credential.become_password = "an0ther"
    credential.save()
    assert launching.rehearse(alice, launch).digest == digest


def test_a_playbook_that_was_moved(alice, shown) -> None:
    """The same file beside other roles is another playbook."""
    playbook = shown[0].playbook
    old, playbook.file_path = playbook.file_path, f"moved/{playbook.file_path}"
    make.playbook_file(playbook.file_path, make.HELLO)
    playbook.save()
    assert changed(alice, shown) == [
        f"The file of “Deploy” is now {playbook.file_path}, was {old}."
    ]


def test_a_file_that_was_accepted_meanwhile(alice, boss, shown) -> None:
    playbook = shown[0].playbook
    make.playbook_file(playbook.file_path, make.HELLO_FACTS)
    playbook.accept_file(boss)
    assert changed(alice, shown) == ["The file of “Deploy” has changed."]


def test_another_default(alice, shown) -> None:
    playbook = shown[0].playbook
    playbook.variables = {"version": {"default": "1.5"}}
    playbook.save()
    assert changed(alice, shown) == ["Variable version: “1.5”, was “1.4”."]


def test_other_options_and_another_credential(alice, shown) -> None:
    launch, before = shown
    credential = make.credential(name="deploy key")
    other = replace(launch, forks=6, tags="web", credential=credential, extra_vars={"x": "1" * 99})
    launch.playbook.variables, launch.playbook.accepts_undeclared = {}, True
    assert changed(alice, (other, before)) == [
        "Credential: “deploy key”, was each server's own.",
        "Variable version: not set, was “1.4”.",
        f"Variable x: “{'1' * 80}…”, was not set.",
        "Option --forks: “6”, was “5”.",
        "Option --tags: “web”, was not set.",
    ]


def test_another_secret_is_no_other_plan(alice, web1) -> None:
    playbook = make.playbook(variables={"password": {"secret": True}})
    one, two = (
        launching.rehearse(
            alice, Launch(playbook=playbook, servers=[web1], extra_vars={"password": text})
        )
        for text in ("one", "two")
    )
    assert one.digest == two.digest
    assert "one" not in str(contents_of(one.run, one.servers)["variables"])


def test_of_many_servers_only_the_number_is_carried(alice) -> None:
    servers = [make.server() for _ in range(2)]
    contents = contents_of(make.run(), servers)
    many = contents | {"servers": {f"web{number}": "x" for number in range(MOST_NAMED + 1)}}
    before = read_signed(sign_contents(many))
    assert before is not None and before["servers"] == MOST_NAMED + 1
    assert (
        name_changes(before, contents_of(make.run(playbook=make.playbook()), servers), "x")[-1]
        != ""
    )
    now = contents_of(make.run(), servers)
    said = name_changes(now | {"servers": 501}, now, "x")
    assert said == ["Servers: 2, was 501."]


@pytest.mark.parametrize("text", ["", "x", "a:b:c", "\ud800".encode("utf-8", "replace").decode()])
def test_what_we_have_not_signed_tells_nothing(alice, text) -> None:
    assert read_signed(text) is None
    assert name_changes(None, contents_of(make.run(), []), "x") == []
