"""Runs' folders: gone with their process, however it ended."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from automation.execution.private_folders import RUN_PREFIX, private_folder, sweep_private_folders
from automation.execution.run_folder import sweep_folders
from tests import make
from tests.private_servers import wait_until

HOLD = (
    "import sys, time\n"
    "from automation.execution.private_folders import private_folder\n"
    f"with private_folder({RUN_PREFIX!r}, sys.argv[1]) as path:\n"
    "    (path / 'secret').write_text('hunter2')\n"
    "    print(path, flush=True)\n"
    "    time.sleep(60)\n"
)
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def holder(tmp_path):
    """Another process that holds a run's folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.folder = Path(process.stdout.readline().strip())  # type: ignore[attr-defined]
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_it_is_private_and_gone_at_the_end(tmp_path):
    with private_folder(RUN_PREFIX, str(tmp_path)) as path:
        assert path.stat().st_mode & 0o777 == 0o700
    assert not path.exists()


def test_it_is_gone_after_an_error_too(tmp_path):
    with pytest.raises(KeyboardInterrupt), private_folder(RUN_PREFIX, str(tmp_path)) as path:
        (path / "secret").write_text("hunter2")
        raise KeyboardInterrupt
    assert not path.exists()


def test_what_a_living_process_holds_stays(tmp_path, holder):
    with private_folder(RUN_PREFIX, str(tmp_path)) as own:
        assert sweep_private_folders(RUN_PREFIX, str(tmp_path)) == []
        assert own.exists()
    assert (holder.folder / "secret").exists()


def test_what_a_killed_process_held_is_removed(tmp_path, holder):
    holder.kill()
    holder.wait()
    assert (holder.folder / "secret").exists()

    assert sweep_private_folders(RUN_PREFIX, str(tmp_path)) == [holder.folder]

    assert not holder.folder.exists()
    assert sweep_private_folders(RUN_PREFIX, str(tmp_path)) == []


def test_what_is_not_ours_stays(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").touch()
    (tmp_path / f"{RUN_PREFIX}link").symlink_to(elsewhere)
    (tmp_path / f"{RUN_PREFIX}file").touch()
    (tmp_path / "other").mkdir()

    assert sweep_private_folders(RUN_PREFIX, str(tmp_path)) == []
    assert (elsewhere / "kept").exists()


@pytest.mark.as_root
def test_what_another_user_made_stays(tmp_path):
    theirs = tmp_path / f"{RUN_PREFIX}theirs"
    theirs.mkdir()
    os.chown(theirs, 65534, 65534)

    assert sweep_private_folders(RUN_PREFIX, str(tmp_path)) == []
    assert theirs.exists()


def test_a_worker_sweeps_both_of_its_places(settings, monkeypatch):
    with tempfile.TemporaryDirectory(dir="/tmp") as sockets:
        monkeypatch.setattr("automation.execution.run_folder.CONTROL_PATH_ROOT", sockets)
        left = [Path(settings.RUN_ROOT) / f"{RUN_PREFIX}x", Path(sockets) / "infraops-ssh-x"]
        for path in left:
            path.mkdir()

        assert sweep_folders() == left


@pytest.mark.slow
@pytest.mark.on_either
def test_the_next_worker_removes_what_a_killed_one_left(command, settings):
    credential = make.credential(become_password="hunter2")
    task = {"name": "Wait", "ansible.builtin.raw": "sleep 60"}
    playbook = make.playbook([{"hosts": "all", "gather_facts": False, "tasks": [task]}])
    root = Path(settings.RUN_ROOT)
    worker = command("run_worker")
    worker.wait_for(" running.")
    server = make.localhost(credential=credential)
    make.launch(playbook, make.user(role="operator"), [server])
    wait_until(lambda: list(root.glob("*/inventory/hosts.json")), seconds=30, what="the folder")

    worker.kill()
    assert list(root.glob("*/inventory/hosts.json"))
    command("run_worker").wait_for(" running.")

    wait_until(lambda: not list(root.iterdir()), seconds=10, what="an empty folder of runs")
