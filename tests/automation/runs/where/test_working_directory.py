"""A run starts where people start the playbook by hand, with the ansible.cfg that is there."""

import pytest
from django.core.management import call_command

from audit.models import AuditLog
from automation import launching
from automation.execution.runner import execute
from automation.launching import Launch, PlanChanged, launch_from
from automation.models import Job, Playbook, Run
from tests import make
from tests.automation.running import run_here, run_one, text_of

pytestmark = pytest.mark.django_db

SAY = [{"ansible.builtin.debug": {"msg": "said by the role"}}]
FILTER = (
    "class FilterModule:\n    def filters(self):\n        return {'own': lambda x: 'filtered'}\n"
)


def play(*tasks: dict, **keywords: object) -> list[dict]:
    return [{"hosts": "all", "gather_facts": False, "tasks": list(tasks), **keywords}]


def say(message: str) -> dict:
    return {"name": "Say", "ansible.builtin.debug": {"msg": message}}


def in_subfolder(text: str = "[defaults]\nroles_path = ./own\nfilter_plugins = ./filters\n"):
    """A playbook in play/ with an ansible.cfg, a role and a filter beside it."""
    make.playbook_file("play/ansible.cfg", text)
    make.playbook_file("play/own/r1/tasks/main.yml", SAY)
    make.playbook_file("play/filters/own.py", FILTER)
    return make.playbook(
        play(say("{{ 'x' | own }} in {{ lookup('pipe', 'pwd') | basename }}"), roles=["r1"]),
        file_path="play/site.yml",
    )


@pytest.mark.slow
@pytest.mark.on_either
def test_relative_paths_in_an_ansible_cfg_beside_the_playbook_work():
    (job,) = run_here(in_subfolder(), make.localhost())
    assert job.status == Job.Status.SUCCESS, text_of(job)
    assert "said by the role" in text_of(job) and "filtered in play" in text_of(job)
    run = job.run
    assert run.working_directory == "play" and run.ansible_config["path"] == "play/ansible.cfg"
    assert run.command.endswith("--forks 5 site.yml")


@pytest.mark.slow
@pytest.mark.on_either
def test_the_working_directory_may_be_elsewhere_below_the_root():
    make.playbook_file("env/prod/ansible.cfg", "[defaults]\nroles_path = ../../own\n")
    make.playbook_file("own/r1/tasks/main.yml", SAY)
    playbook = make.playbook(
        play(say("beside {{ playbook_dir | basename }}"), roles=["r1"]),
        file_path="play/site.yml",
        working_directory="env/prod",
    )
    (job,) = run_here(playbook, make.localhost())
    assert job.status == Job.Status.SUCCESS, text_of(job)
    assert "said by the role" in text_of(job) and "beside play" in text_of(job)
    assert job.run.command.endswith(" ../../play/site.yml")


@pytest.mark.slow
@pytest.mark.on_either
def test_without_any_ansible_cfg_it_starts_in_the_root():
    make.playbook_file("roles/r1/tasks/main.yml", SAY)
    make.playbook_file("a/roles/r1/tasks/main.yml", [{"ansible.builtin.debug": {"msg": "nearer"}}])
    playbook = make.playbook(play(roles=["r1"]), file_path="a/b.yml")
    (job,) = run_here(playbook, make.localhost())
    assert "nearer" in text_of(job)
    assert (job.run.working_directory, job.run.command.rpartition(" ")[2]) == (".", "a/b.yml")


@pytest.mark.slow
@pytest.mark.on_either
def test_a_run_whose_ansible_cfg_has_changed_since_the_launch_does_nothing(alice):
    playbook = in_subfolder()
    run = make.launch(playbook, alice, [make.localhost()])
    make.playbook_file("play/ansible.cfg", "[defaults]\nroles_path = /elsewhere\n")
    claimed = Run.objects.claim_next()
    assert claimed == run and execute(claimed)
    (job,) = run.jobs.all()
    assert (job.status, job.failure_kind) == ("failed", "playbook_changed")
    assert "The file play/ansible.cfg has changed since the launch" in job.error_message


@pytest.mark.slow
@pytest.mark.on_either
def test_a_run_follows_neither_its_inventory_nor_its_log(tmp_path):
    text = (
        "[defaults]\nroles_path = ./own\nfilter_plugins = ./filters\n"
        f"inventory = nowhere.ini\nlog_path = {tmp_path / 'log'}\ncallback_plugins = cb\n"
        "stdout_callback = minimal\nask_pass = True\n[inventory]\nenable_plugins = ini\n"
    )
    (job,) = run_here(in_subfolder(text), make.localhost())
    assert job.status == Job.Status.SUCCESS, text_of(job)
    assert "TASK [Say]" in text_of(job)
    assert not (tmp_path / "log").exists()


@pytest.mark.slow
@pytest.mark.on_either
def test_its_connections_are_not_shared_wherever_ansible_cfg_puts_them(sshd, tmp_path):
    sockets = tmp_path / "s"
    sockets.mkdir()
    make.playbook_file("ansible.cfg", f"[ssh_connection]\ncontrol_path = {sockets}/%%h-%%p-%%r\n")
    raw = {"name": "Reach", "ansible.builtin.raw": "true"}
    (job,) = run_here(make.playbook(play(raw)), make.ssh_server(sshd))
    assert job.status == Job.Status.SUCCESS, text_of(job)
    assert list(sockets.iterdir()) == []


def test_the_plan_says_where_it_starts_and_what_it_ignores(alice):
    playbook = in_subfolder("[defaults]\ninventory = hosts\nforks = 2\n")
    servers = [make.server() for _ in range(3)]
    words = make.rehearse(playbook, alice, servers).words
    assert "Starts in “play” with its ansible.cfg." in words
    ignored = (
        "play/ansible.cfg: a run ignores inventory (the run has the inventory of its servers)."
    )
    assert ignored in words
    assert any("At most 2 servers at once" in sentence for sentence in words)


def test_forks_of_ansible_cfg_count_only_if_the_launch_gives_none(alice):
    playbook, server = in_subfolder("[defaults]\nforks = 20\n"), make.server()
    run = make.launch(playbook, alice, [server])
    assert run.forks == 20 and run.options() == {}
    given = make.launch(playbook, alice, [server], forks=5)
    assert given.forks == 5 and given.options() == {"forks": 5}


def test_forks_of_ansible_cfg_are_not_a_reserved_option(alice):
    playbook = in_subfolder("[defaults]\nforks = 20\n")
    playbook.option_rules = {"forks": "nobody"}
    playbook.save()
    assert make.launch(playbook, alice, [make.server()]).forks == 20


def test_a_relaunch_has_the_forks_of_today(alice):
    playbook = in_subfolder("[defaults]\nforks = 20\n")
    run = make.launch(playbook, alice, [make.server()])
    run.cancel(alice)
    make.playbook_file("play/ansible.cfg", "[defaults]\nforks = 30\n")
    assert launching.launch(alice, launch_from(run)).run.forks == 30


def test_another_ansible_cfg_is_another_plan(alice):
    playbook, server = in_subfolder(), make.server()
    shown = make.rehearse(playbook, alice, [server])
    launch = Launch(playbook=playbook, servers=[server], expect=shown.digest)
    make.playbook_file("play/ansible.cfg", "[defaults]\n")
    with pytest.raises(PlanChanged) as changed:
        launching.launch(alice, launch)
    now = changed.value.intention.contents
    said = launching.digests.name_changes(shown.contents, now, str(playbook))
    assert said == ["The file play/ansible.cfg has changed."]


def test_a_working_directory_that_is_gone_is_refused(alice, settings):
    (settings.PLAYBOOK_ROOT / "env").mkdir()
    playbook = make.playbook(working_directory="env")
    (settings.PLAYBOOK_ROOT / "env").rmdir()
    with pytest.raises(Exception, match=r"working directory “env” of “.*” no longer exists"):
        make.launch(playbook, alice, [make.server()])


def test_the_form_begins_with_the_forks_of_ansible_cfg(client_of, alice):
    playbook = in_subfolder("[defaults]\nforks = 20\n")
    page = client_of(alice).get(f"/jobs/launch/?playbook={playbook.pk}").content.decode()
    assert 'name="forks" value="20"' in page


def test_the_api_sets_it_and_the_change_is_recorded(api_of, boss, settings):
    (settings.PLAYBOOK_ROOT / "env").mkdir()
    playbook = make.playbook()
    url = f"/api/playbooks/{playbook.pk}"
    answer = api_of(boss).patch(url, {"working_directory": "env"})
    assert (answer.status_code, answer.json()["working_directory"]) == (200, "env")
    answer = api_of(boss).patch(url, {"working_directory": "nowhere"})
    assert answer.status_code == 400 and "working_directory" in answer.json()["fields"]
    line = AuditLog.objects.filter(action="playbook.updated").latest("id")
    assert "working_directory" in str(line.details)


def test_new_playbooks_can_be_imported_with_one(settings, boss):
    make.playbook_file("env/x.yml", play(say("x")))
    call_command("import_playbooks", "--working-directory", "env")
    assert Playbook.objects.get(file_path="env/x.yml").working_directory == "env"


def test_the_playbooks_page_says_where_it_starts(client_of, bob):
    playbook = in_subfolder("[defaults]\ninventory = hosts\n")
    page = client_of(bob).get(playbook.get_absolute_url()).content.decode()
    assert "<code>play</code> with its ansible.cfg" in page
    assert "a run ignores inventory" in page


@pytest.mark.slow
@pytest.mark.on_either
@pytest.mark.parametrize("variable", ["HOME", "ANSIBLE_CONFIG"])
def test_a_configuration_of_the_workers_own_may_enable_other_plugins(
    tmp_path, monkeypatch, variable
):
    config = tmp_path / ".ansible.cfg"
    config.write_text("[inventory]\nenable_plugins = ini, yaml\n")
    monkeypatch.setenv(variable, str(tmp_path if variable == "HOME" else config))
    assert run_one(play(say("there"))).status == Job.Status.SUCCESS
