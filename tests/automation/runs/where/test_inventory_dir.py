"""`inventory_dir` outlives the run: what plays keep there is there at the next one."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePath

import pytest

from automation.models import Job
from inventory.ansible.inventory_folder import SCRIPT, InventoryFolder
from tests import make
from tests.automation.running import run_here, text_of

LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": make.PYTHON}
pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db]

PASSWORD = "lookup('password', inventory_dir ~ '/creds/token length=16 chars=digits')"
KEEP = {"name": "Keep", "ansible.builtin.debug": {"msg": "token is {{ " + PASSWORD + " }}"}}


def play(*tasks: dict, **keywords: object) -> list[dict]:
    return [{"hosts": "all", "gather_facts": False, "tasks": list(tasks), **keywords}]


def say(message: str) -> dict:
    return {"name": "Say", "ansible.builtin.debug": {"msg": message}}


def token_of(job: Job) -> str:
    assert job.status == Job.Status.SUCCESS, text_of(job)
    return text_of(job).partition("token is ")[2][:16]


def test_a_generated_password_is_the_same_at_every_run(settings):
    playbook, server = make.playbook(play(KEEP)), make.localhost()
    first, second = (token_of(run_here(playbook, server)[0]) for _ in range(2))
    assert first == second and first.isdigit()
    folder = Path(settings.STATE_ROOT) / "inventories" / str(server.inventory_id)
    assert (folder / "creds" / "token").read_text().startswith(first)
    modes = [each.stat().st_mode & 0o777 for each in (folder, folder.parent, folder.parent.parent)]
    assert modes == [0o700] * 3


def test_each_inventory_has_a_folder_of_its_own():
    playbook, other = make.playbook(play(KEEP)), make.inventory(name="staging")
    servers = [make.localhost(), make.localhost(inventory=other, inventory_name="here")]
    first, second = (token_of(run_here(playbook, server)[0]) for server in servers)
    assert first != second


def test_hosts_that_a_play_does_not_target_have_it_too():
    server, other = make.localhost(), make.server(hostname="other")
    path = str(InventoryFolder(server.inventory).path)
    said = "{{ hostvars['other'].inventory_dir }} {{ inventory_file | dirname == inventory_dir }}"
    (job,) = run_here(make.playbook(play(say(said))), server)
    assert f"{path} True" in text_of(job)
    assert other.variables.get("inventory_dir") is None


def test_what_a_server_itself_says_wins():
    server = make.localhost(variables={**LOCAL, "inventory_dir": "/elsewhere"})
    (job,) = run_here(make.playbook(play(say("it is {{ inventory_dir }}"))), server)
    assert "it is /elsewhere" in text_of(job)


def test_no_secret_is_left_in_it(settings):
    server = make.localhost(variables={**LOCAL, "api_token": "s3cret-value"})
    (job,) = run_here(make.playbook(play(say("{{ api_token | length }}"))), server)
    assert "12" in text_of(job)
    files = [each for each in Path(settings.STATE_ROOT).rglob("*") if each.is_file()]
    assert [each.name for each in files] == ["hosts"]
    assert files[0].read_text() == SCRIPT


def test_ansible_within_a_play_reads_the_same_inventory():
    server = make.localhost(variables={**LOCAL, "colour": "green"})
    program = "{{ ansible_playbook_python | dirname }}/ansible-inventory"
    command = f"{program} -i {{{{ inventory_file }}}} --host {{{{ inventory_hostname }}}}"
    tasks = [{"ansible.builtin.command": command, "register": "read"}, say("{{ read.stdout }}")]
    (job,) = run_here(make.playbook(play(*tasks)), server)
    assert "green" in text_of(job), text_of(job)


def test_a_script_that_a_play_has_overwritten_is_mended():
    folder = InventoryFolder(make.localhost().inventory)
    folder.prepare()
    script = folder.path / "hosts"
    script.write_bytes(b"\xff")
    folder.prepare()
    assert script.read_text() == SCRIPT and script.stat().st_mode & 0o777 == 0o700


def test_several_processes_may_prepare_it_at_once():
    folder = InventoryFolder(make.localhost().inventory)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: folder.prepare(), range(40)))
    assert [each.name for each in folder.path.iterdir()] == ["hosts"]


def test_a_state_root_that_cannot_be_written_is_named(settings, tmp_path):
    settings.STATE_ROOT = tmp_path / "file"
    settings.STATE_ROOT.write_text("")
    (job,) = run_here(make.playbook(play(say("never"))), make.localhost())
    assert job.status == Job.Status.FAILED
    assert f"STATE_ROOT ({settings.STATE_ROOT}) must be a folder" in job.error_message


# --- An inventory of files ------------------------------------------------------------------------


def of_files(settings) -> tuple[InventoryFolder, Path]:
    """The folder of an inventory of files below PLAYBOOK_ROOT, and its inventory_dir."""
    for name in ("inventory/prod/hosts.ini", "inventory/prod/patches/p.yml", "files/f.txt"):
        make.playbook_file(name, name)
    folder = InventoryFolder(make.localhost().inventory, {7: PurePath("inventory/prod/hosts.ini")})
    folder.prepare()
    return folder, folder.path / "inventory" / "prod"


def test_paths_relative_to_it_lead_to_the_same_files(settings):
    folder, place = of_files(settings)
    location = folder.location_of(make.localhost())
    assert location == {
        "inventory_dir": str(place),
        "inventory_file": str(place / "hosts.ini"),
    }
    assert str(place.resolve()) == str(place)  # a real folder: “..” and realpath mean the same
    for path in ("hosts.ini", "patches/p.yml", "../../files/f.txt"):
        assert (place / path).read_text().endswith(Path(path).name)


def test_a_run_on_an_inventory_of_files_reads_and_keeps_files_beside_them(settings):
    for name in ("inventory/prod/hosts.ini", "inventory/prod/patches/p.txt", "files/f.txt"):
        make.playbook_file(name, f"content of {name}")
    inventory = make.inventory(name="prod")
    source = make.source(inventory=inventory, path="inventory/prod/hosts.ini")
    owned = make.localhost(
        inventory=inventory, inventory_name="one", variables=LOCAL, source=source
    )
    by_hand = make.localhost(inventory=inventory, inventory_name="two", variables=LOCAL)
    read = (
        "{{ lookup('file', inventory_dir ~ '/patches/p.txt') }}, "
        "{{ lookup('file', inventory_dir ~ '/../../files/f.txt') }}, "
        "{{ inventory_file | basename }}"
    )
    jobs = run_here(make.playbook(play(say(read), KEEP)), owned, by_hand)
    tokens = {token_of(job) for job in jobs}
    for job in jobs:
        said = "content of inventory/prod/patches/p.txt, content of files/f.txt, hosts.ini"
        assert said in text_of(job)
    assert len(tokens) == 1
    assert not (settings.PLAYBOOK_ROOT / "inventory" / "prod" / "creds").exists()


def test_new_files_stay_out_of_the_playbook_folder(settings):
    folder, place = of_files(settings)
    (place / "credentials").mkdir()
    (place / "credentials" / "token").write_text("abc")
    folder.prepare()
    assert (place / "credentials" / "token").read_text() == "abc"
    source = settings.PLAYBOOK_ROOT / "inventory" / "prod"
    assert not (source / "credentials").exists()
    # one that appears there later does not hide what plays have kept
    make.playbook_file("inventory/prod/credentials/token", "other")
    folder.prepare()
    assert (place / "credentials" / "token").read_text() == "abc"


def test_it_follows_what_is_added_and_removed_beside_the_files(settings):
    folder, place = of_files(settings)
    make.playbook_file("inventory/prod/new/x.txt", "new")
    (settings.PLAYBOOK_ROOT / "files" / "f.txt").unlink()
    (settings.PLAYBOOK_ROOT / "files").rmdir()
    folder.prepare()
    assert (place / "new" / "x.txt").read_text() == "new"
    assert not (folder.path / "files").is_symlink()


def test_a_link_that_becomes_a_folder_of_a_source_is_never_written_through(settings):
    _, place = of_files(settings)
    assert (place / "patches").is_symlink()
    sources = {7: PurePath("inventory/prod/hosts.ini"), 8: PurePath("inventory/prod/patches")}
    both = InventoryFolder(make.localhost().inventory, sources)
    both.prepare()
    assert (place / "patches").is_dir() and not (place / "patches").is_symlink()
    (place / "patches" / "mine").write_text("x")
    source = settings.PLAYBOOK_ROOT / "inventory" / "prod" / "patches"
    assert [each.name for each in source.iterdir()] == ["p.yml"]
