"""What modules of local connections write is in the run's folder, and goes with it."""

from pathlib import Path

import pytest

from automation.execution.runner import execute
from automation.models import Job, Run
from inventory.ansible import processes
from tests import make
from tests.automation.running import run_here, text_of
from tests.automation.runs.test_runner_stop import is_sleeping, once_asleep

# The command of the module's own process, as the only line of the result.
SEEN = ["sh", "-c", "tr '\\0' ' ' </proc/$PPID/cmdline"]


def look(name: str, **task: object) -> list[dict]:
    seen = {"name": name, "ansible.builtin.command": {"argv": SEEN}, "register": "seen", **task}
    return [seen, {"ansible.builtin.debug": {"msg": name + " is {{ seen.stdout }}"}}]


def play(tasks: list[dict], **keywords: object) -> dict:
    return {"hosts": "all", "gather_facts": False, "tasks": tasks, **keywords}


def module_path(job: Job, name: str) -> str:
    text = text_of(job).replace("\n", " ")
    words = text.partition(f"{name} is ")[2].split()
    return next(word for word in words if "AnsiballZ" in word).strip('"')


@pytest.mark.django_db
@pytest.mark.slow
@pytest.mark.on_either
def test_whatever_makes_a_connection_local_its_files_are_in_the_run(settings, tmp_path) -> None:
    local = make.localhost().variables
    full = {"ansible_connection": "ansible.builtin.local"}
    theirs = {"ansible_remote_tmp": str(tmp_path / "theirs")}
    remote = make.server(variables={"ansible_python_interpreter": "{{ ansible_playbook_python }}"})
    plays = [
        play([*look("server", vars=local), *look("full", vars=full)], connection="local"),
        play([*look("keyword"), *look("task", connection="local")], connection="local"),
        play(look("delegated", delegate_to="localhost")),
        play(look("theirs", vars=theirs), connection="local"),
    ]
    job = run_here(make.playbook(plays), remote)[0]
    assert job.status == Job.Status.SUCCESS, text_of(job)
    for name in ("server", "full", "keyword", "task", "delegated"):
        assert module_path(job, name).startswith(settings.RUN_ROOT), name
    assert module_path(job, "theirs").startswith(str(tmp_path / "theirs"))


@pytest.mark.django_db
@pytest.mark.slow
@pytest.mark.on_either
def test_over_ssh_nothing_changes(settings, sshd, tmp_path) -> None:
    server = make.ssh_server(sshd)
    theirs = {"ansible_remote_tmp": str(tmp_path / "theirs")}
    plays = [play([*look("usual"), *look("theirs", vars=theirs)])]
    job = run_here(make.playbook(plays), server)[0]
    assert job.status == Job.Status.SUCCESS, text_of(job)
    assert "/.ansible/tmp/" in module_path(job, "usual")
    assert module_path(job, "theirs").startswith(str(tmp_path / "theirs"))


def modules_of(run: Run) -> set[Path]:
    """The files of the modules that the run's processes have been started with."""
    found = set()
    for pid in processes.find_marked(str(run.claim_token)):
        words = (Path("/proc") / str(pid) / "cmdline").read_text().split("\0")
        found |= {Path(word) for word in words if "AnsiballZ" in word and " " not in word}
    return found


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_a_run_cancelled_within_a_module_leaves_no_file_of_it(alice, settings) -> None:
    sleepy = {"ansible.builtin.command": "sleep 300", "name": "Sleep"}
    playbook = make.playbook([play([sleepy])])
    server = make.localhost()
    make.launch(playbook, make.user(role="operator"), [server])
    run = Run.objects.claim_next()
    assert run is not None and server.is_local
    seen: set[Path] = set()

    def look_and_cancel() -> None:
        assert is_sleeping(run)
        seen.update(modules_of(run))
        assert all(path.exists() for path in seen)
        Run.objects.get(pk=run.pk).cancel(alice)

    with once_asleep(run, look_and_cancel):
        execute(run)
    assert seen and all(path.is_relative_to(settings.RUN_ROOT) for path in seen)
    assert not any(path.exists() for path in seen)
    assert not list(Path(settings.RUN_ROOT).iterdir())
