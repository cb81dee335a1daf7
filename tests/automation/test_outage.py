"""The database goes away for five seconds in the middle of a run: no line is lost or doubled."""

import json
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.db import connection

from automation.models import Job, Run
from tests.automation.running import claimed, finish_here, lines_of
from tests.automation.test_runner_stop import in_a_moment
from tests.fixtures.workers import ROOT, environment
from tests.private_servers import MariaDB, wait_until

pytestmark = pytest.mark.slow

LINES = 60
CHATTY = [
    {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [
            {
                "name": "Talk",
                "ansible.builtin.command": "sleep 0.1",
                "loop": "{{ range(60) | list }}",
            }
        ],
    }
]
OUTAGE_SECONDS = 5

# Runs in a process of its own, on a database of its own that the test stops and starts.
PROGRAM = """
import json, sys, django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from automation.models import Job
from tests.automation.running import claimed, finish_here, lines_of
run = claimed(json.loads(sys.argv[1]))
print("claimed", flush=True)
job = finish_here(run)
print(json.dumps([job.status, lines_of(job)]), flush=True)
"""


def assert_all_there(lines: list[str]) -> None:
    """Each of the loop's lines once and in order; the recap at the end."""
    items = [line for line in lines if "(item=" in line]
    assert [line.partition("(item=")[2].partition(")")[0] for line in items] == [
        str(number) for number in range(LINES)
    ]
    assert any("PLAY RECAP" in line for line in lines[-4:])


@pytest.mark.only_on("mysql")
def test_a_server_that_is_stopped_and_started(mariadb: MariaDB, tmp_path: Path) -> None:
    output = tmp_path / "output"
    with output.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, json.dumps(CHATTY)],
            cwd=ROOT,
            env=environment(DATABASE_URL=mariadb.url),
            stdout=out,
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda: b"claimed" in output.read_bytes(), seconds=60, what="the claim")
        time.sleep(1)  # into the loop: how far does not matter
        mariadb.stop()
        time.sleep(OUTAGE_SECONDS)  # this is the outage itself
        mariadb.start()
        assert process.wait(60) == 0

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
        time.sleep(OUTAGE_SECONDS)  # this is the outage itself
        other.execute("ROLLBACK")
        other.close()

    thread = in_a_moment(lock_the_file)
    job = finish_here(Run.objects.get(pk=run.pk))
    thread.join(60)

    assert job.status == Job.Status.SUCCESS
    assert_all_there(lines_of(job))
