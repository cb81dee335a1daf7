"""`make demo` and `make run` as a newcomer sees them, on a database of their own."""

import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fixtures.workers import ROOT, Command, environment
from tests.private_servers import free_port, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.on_either]


@pytest.fixture
def fresh(tmp_path: Path) -> dict[str, str]:
    """An environment with a database that does not exist yet, and the playbooks that we ship."""
    return {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'fresh.sqlite3'}",
        "PLAYBOOK_ROOT": str(ROOT / "playbooks"),
    }


def demo(extra: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "demo"],
        cwd=ROOT,
        env=environment(**extra),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def counted(extra: dict[str, str]) -> str:
    """Row counts of the tables that a second demo must not add to."""
    program = (
        "import django; django.setup();"
        "from accounts.models import User; from inventory.models import Server;"
        "from automation.models import Playbook;"
        "print([m.objects.count() for m in (User, Server, Playbook)])"
    )
    command = [sys.executable, "-c", program]
    return subprocess.check_output(command, cwd=ROOT, env=environment(**extra), text=True)


def test_the_demo_runs_a_playbook_and_a_second_one_adds_nothing_twice(fresh) -> None:
    first = demo(fresh)

    assert "TASK [Name the machine]" in first
    assert "localhost: Success" in first
    assert re.search(r"It took \d+\.\d s", first)
    assert "http://127.0.0.1:8000" in first
    assert re.search(r"Admin +admin\n +Password +\S{16}\n", first)
    rows = counted(fresh)

    second = demo(fresh)

    assert "localhost: Success" in second
    assert "as it was" in second
    assert counted(fresh) == rows


@pytest.fixture
def console(command: Callable[..., Command], tmp_path: Path) -> tuple[Command, str]:
    port = free_port()
    started = command("run_console", f"--bind=127.0.0.1:{port}")
    url = f"http://127.0.0.1:{port}/api/health"
    wait_until(lambda: answers(url), seconds=40, what=f"{url}\n{started.printed}")
    return started, url


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.status == 200
    except OSError:
        return False


def test_console_and_worker_come_up_together_and_end_together(console) -> None:
    started, url = console

    # As a terminal sends it: to the foreground process only; the children have their own sessions.
    started.process.send_signal(signal.SIGINT)

    assert started.process.wait(40) == 0, started.printed
    assert "Console and worker have stopped." in started.printed
    assert not answers(url)


def test_a_port_that_is_taken_is_told(command) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        started = command("run_console", f"--bind=127.0.0.1:{port}")

        assert started.process.wait(30) == 1
    assert f"Cannot listen on 127.0.0.1:{port}: Address already in use." in started.printed
    assert "make run PORT=8001" in started.printed


@pytest.mark.parametrize("bind", ["nonsense", "8000", "127.0.0.1:", "127.0.0.1:99999"])
def test_a_bind_that_is_no_address_is_told(command, bind: str) -> None:
    started = command("run_console", f"--bind={bind}")

    assert started.process.wait(30) == 1
    assert "--bind takes HOST:PORT" in started.printed
