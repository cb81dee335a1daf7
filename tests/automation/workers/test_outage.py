"""The database goes down during a run: no line is lost or doubled, no run is declared lost."""

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection

from automation.models import Job, Run
from tests.automation.running import claimed, finish_here, lines_of
from tests.automation.runs.test_runner_stop import in_a_moment
from tests.fixtures.workers import ROOT, environment
from tests.private_servers import MariaDB, wait_until

pytestmark = pytest.mark.slow

LINES = 40
CHATTY = [
    {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [
            {
                "name": "Talk",
                "ansible.builtin.raw": "sleep 0.1",
                "loop": "{{ range(40) | list }}",
            }
        ],
    }
]
OUTAGE_SECONDS = 5

# Runs in its own process, on its own database that the test stops and starts. A reaper checks every
# half second, and is quicker to judge than the real one, as if on another machine.
PROGRAM = """
import json, sys, threading, time, django
django.setup()
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection
settings.RUN_LOST_AFTER_SECONDS, settings.RUN_HEARTBEAT_SECONDS = 3, 1
call_command("migrate", verbosity=0)
from audit import triggers
triggers.drop("default")  # `flush` restores them
call_command("flush", verbosity=0, interactive=False)
from automation.models import Job
from tests.automation.running import claimed, finish_here, lines_of
from automation.execution.reaper import reap_silent
run = claimed(json.loads(sys.argv[1]))
print("claimed", flush=True)

def keep_reaping():
    while True:
        try:
            reap_silent()
        except DatabaseError:
            connection.close()
        time.sleep(0.5)

threading.Thread(target=keep_reaping, daemon=True).start()
job = finish_here(run)
print(json.dumps([job.status, lines_of(job)]), flush=True)
"""


def assert_all_there(lines: list[str]) -> None:
    """Each line of the loop is there once and in order, with the recap at the end."""
    items = [line for line in lines if "(item=" in line]
    assert [line.partition("(item=")[2].partition(")")[0] for line in items] == [
        str(number) for number in range(LINES)
    ]
    assert any("PLAY RECAP" in line for line in lines[-4:])


def stopped(mariadb: MariaDB, seconds: int) -> None:
    mariadb.stop()
    time.sleep(seconds)  # the outage itself
    mariadb.start()


def read_only(mariadb: MariaDB, seconds: int) -> None:
    """As during a failover: reads are answered, writes refused."""
    mariadb.as_root("SET GLOBAL read_only = ON")
    time.sleep(seconds)  # the outage itself
    mariadb.as_root("SET GLOBAL read_only = OFF")


@pytest.mark.only_on("mysql")
@pytest.mark.parametrize(
    ("outage", "seconds"), [(stopped, 5), (stopped, 30), (read_only, 5), (read_only, 15)]
)
def test_a_server_that_is_away_for_a_while(
    outage: Callable[[MariaDB, int], None], seconds: int, mariadb: MariaDB, tmp_path: Path
) -> None:
    output = tmp_path / "output"
    with output.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, json.dumps(CHATTY)],
            cwd=ROOT,
            env=environment(DATABASE_URL=mariadb.url),
            stdout=out,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_until(lambda: b"claimed" in output.read_bytes(), seconds=180, what="the claim")
            time.sleep(1)  # into the loop; how far does not matter
            outage(mariadb, seconds)
            assert process.wait(300) == 0
        finally:
            process.kill()
            process.wait()

    status, lines = json.loads(output.read_text().splitlines()[-1])
    assert status == "success"
    assert_all_there(lines)


@pytest.mark.only_on("sqlite")
@pytest.mark.django_db(transaction=True)
def test_a_file_that_somebody_else_has_locked() -> None:
    run = claimed(CHATTY)
    path = connection.settings_dict["NAME"]

    def lock_the_file() -> None:
        wait_until(
            lambda: Job.objects.get(run=run).logs.exists(), seconds=30, what="the first line"
        )
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        time.sleep(OUTAGE_SECONDS)  # the outage itself
        other.execute("ROLLBACK")
        other.close()

    thread = in_a_moment(lock_the_file)
    job = finish_here(Run.objects.get(pk=run.pk))
    thread.join(60)

    assert job.status == Job.Status.SUCCESS
    assert_all_there(lines_of(job))
