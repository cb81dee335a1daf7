"""With the rights that `show_grants` gives, everything works, and nobody can change the trail."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tests.fixtures.workers import ROOT, environment
from tests.private_servers import MariaDB

APP = "infraops_app"
PASSWORD = "only-for-tests"

# Run as the application's account. The statements that have to be denied come last.
PROGRAM = """
import json, sys
import django
django.setup()
from datetime import timedelta
from django.core.management import call_command
from django.db import DatabaseError, connection
from accounts.models import User
from audit.models import AuditLog, Seal
from audit.seals import sealing
from audit.seals.verifying import verify_trail
from automation.models import Job
from automation.tasks import every_minute, run_next
from schema.retrying import is_one_of
from tests import make

sealing.SETTLED_AFTER = timedelta(0)
boss = User.objects.create_superuser("boss", "boss@example.com", "correct horse battery")
alice = User.objects.create_user("alice", "alice@example.com", "correct horse battery")
server = make.localhost()
run = make.launch(make.playbook(), boss, [server])
assert run_next() == f"run {run.pk}"
every_minute()
server.description = "Edited"
server.save()
AuditLog.objects.record("server.seen", server, actor=alice)
line = AuditLog.objects.latest("id")
alice.delete()
line.refresh_from_db()
sealed = sealing.seal_trail()
call_command("clearsessions")
found = verify_trail(None)

denied = []
for statement in json.loads(sys.argv[1]):
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    except DatabaseError as error:
        # Denied for the statement, for the column, or for want of TRIGGER.
        if is_one_of(error, {1044, 1142, 1143, 1227}, ()):
            denied.append(statement)
print(json.dumps({
    "job": Job.objects.recent().get(run=run).status,
    "user_id": line.user_id,
    "sealed": sealed.seals,
    "status": found.status,
    "notes": found.notes,
    "findings": [finding.text for finding in found.findings],
    "denied": denied,
}))
"""

DENIED = [
    f"{statement} {rest}"
    for table in ("audit_logs", "audit_seals")
    for statement, rest in (
        ("UPDATE", f"{table} SET id = id"),
        ("DELETE FROM", table),
        ("TRUNCATE", table),
        ("DROP TABLE", table),
        ("ALTER TABLE", f"{table} ADD COLUMN x INT"),
        ("DROP TRIGGER", f"{table}_no_update"),
        ("DROP TRIGGER", f"{table}_no_delete"),
        ("CREATE TRIGGER", f"mine BEFORE INSERT ON {table} FOR EACH ROW SET @x = 1"),
        ("REPLACE INTO", f"{table} (id) VALUES (1)"),
    )
] + ["DELETE FROM django_migrations", "CREATE TABLE mine (id INT)", "DROP DATABASE infraops"]


def manage(url: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *arguments],
        cwd=ROOT,
        env=environment(DATABASE_URL=url),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def server() -> Iterator[MariaDB]:
    """With both accounts, as deploy/mariadb/accounts.sh creates them."""
    with MariaDB() as started:
        started.as_root(
            f"CREATE USER '{APP}'@'%' IDENTIFIED BY '{PASSWORD}';"
            "GRANT ALL ON infraops.* TO 'infraops'@'%' WITH GRANT OPTION;"
        )
        yield started


@pytest.mark.slow
@pytest.mark.only_on("mysql")
def test_the_applications_account_works_and_cannot_change_the_trail(
    server: MariaDB, tmp_path: Path
) -> None:
    manage(server.url, "migrate")
    said = manage(server.url, "show_grants", APP, "--apply")
    assert said.startswith(f"{APP} has rights on")
    url = f"mysql://{APP}:{PASSWORD}@127.0.0.1:{server.port}/infraops"

    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(DENIED)],
        cwd=ROOT,
        env=environment(DATABASE_URL=url),
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["job"], told["user_id"], told["sealed"]) == ("success", None, 1)
    assert (told["status"], told["findings"]) == ("intact", [])
    assert sorted(set(DENIED) - set(told["denied"])) == []
    # It cannot see triggers, and cannot do what they guard against.
    assert any("may not see the triggers" in note for note in told["notes"])
    assert not any("may use" in note for note in told["notes"])


@pytest.mark.only_on("mysql")
@pytest.mark.django_db
def test_an_account_that_may_do_everything_is_told_so(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CommandError):
        call_command("verify_audit")
    assert "DROP" in capsys.readouterr().out


@pytest.mark.only_on("mysql")
@pytest.mark.django_db
def test_the_grants_are_printed_one_per_table(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("show_grants", "app@10.0.0.%")
    lines = capsys.readouterr().out.splitlines()
    assert "GRANT SELECT, INSERT ON `audit_logs` TO 'app'@'10.0.0.%';" in lines
    assert "GRANT SELECT, INSERT ON `audit_seals` TO 'app'@'10.0.0.%';" in lines
    assert "GRANT SELECT, INSERT, UPDATE, DELETE ON `jobs` TO 'app'@'10.0.0.%';" in lines
    assert len(lines) == len(connection.introspection.table_names())


@pytest.mark.only_on("mysql")
@pytest.mark.django_db
@pytest.mark.parametrize("account", ["", "a'b", "app@'%'", "app@x y", "app;"])
def test_an_account_is_a_name(account: str) -> None:
    with pytest.raises(CommandError, match="NAME@HOST"):
        call_command("show_grants", account)


@pytest.mark.only_on("sqlite")
@pytest.mark.django_db
def test_sqlite_has_no_accounts() -> None:
    with pytest.raises(CommandError, match="SQLite has no accounts"):
        call_command("show_grants", "app")
