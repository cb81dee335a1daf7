"""Before everything is set up, each command and page says what to run instead of a traceback."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, ProgrammingError
from django.test import Client

from infraops.databases import parse_url
from infraops.setup_errors import WithoutTraceback, explain_error
from tests.fixtures.workers import ROOT, environment

COMMANDS = (
    ["create_admin", "--username=boss", "--email=boss@example.com"],
    ["import_playbooks"],
    ["run_playbook", "anything", "--server=anywhere"],
    ["create_api_key", "boss", "--name=trying"],
    ["run_worker"],
    ["seed_data"],
    ["rotate_encryption", "--dry-run"],
    ["clearsessions"],
)


def said_by(command: list[str], database: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *command],
        cwd=ROOT,
        env=environment(DATABASE_URL=database, INFRAOPS_ADMIN_PASSWORD="a-long-enough-one"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.on_either
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_command_before_migrate_says_what_to_run(tmp_path, command):
    status, said = said_by(command, f"sqlite:///{tmp_path / 'empty.sqlite3'}")

    assert status == 1
    assert "Run: .venv/bin/python manage.py migrate" in said
    assert "Traceback" not in said


@pytest.mark.slow
@pytest.mark.on_either
def test_a_database_that_cannot_be_opened_is_told(tmp_path):
    status, said = said_by(["migrate"], f"sqlite:///{tmp_path / 'nowhere' / 'db.sqlite3'}")

    assert status == 1 and "Check DATABASE_URL" in said and "Traceback" not in said


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OperationalError("no such table: runs"), "Run: .venv/bin/python manage.py migrate"),
        (OperationalError("no such column: runs.x"), "manage.py migrate"),
        (ProgrammingError(1146, "Table 'x.runs' doesn't exist"), "(Table 'x.runs' doesn't exist)"),
        (OperationalError(2003, "Can't connect"), "Check DATABASE_URL in .env."),
        (ImproperlyConfigured("Set the SECRET_KEY environment variable"), "`make env`"),
    ],
)
def test_what_is_missing_is_named(error, expected):
    assert expected in explain_error(error)


@pytest.mark.parametrize("error", [None, ValueError("x"), OperationalError("database is locked")])
def test_any_other_error_stays_one(error):
    assert explain_error(error) == ""


@pytest.fixture
def without_tables(monkeypatch):
    def fail(*args, **kwargs):
        raise OperationalError("no such table: runs")

    monkeypatch.setattr("infraops.views.home_of", fail)


@pytest.mark.django_db
def test_a_page_before_migrate_says_what_to_run(without_tables, boss, caplog):
    client = Client(raise_request_exception=False)
    client.force_login(boss)

    answer = client.get("/")

    assert answer.status_code == 503
    assert "Database unavailable" in answer.content.decode()
    assert "manage.py migrate" in answer.content.decode()


def test_the_consoles_log_has_one_line_of_it():
    error = OperationalError("no such table: runs")
    record = logging.LogRecord(
        "x", 40, "", 0, "Internal Server Error", (), (type(error), error, None)
    )

    WithoutTraceback().filter(record)

    assert "manage.py migrate" in record.getMessage() and record.exc_info is None


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("sqlite:////srv/c++/db.sqlite3", "/srv/c++/db.sqlite3"),
        ("sqlite:////srv/a%20b/db.sqlite3", "/srv/a b/db.sqlite3"),
        ("sqlite:////srv/a b/db.sqlite3?timeout=5", "/srv/a b/db.sqlite3"),
    ],
)
def test_a_path_is_what_it_says(url, name):
    assert parse_url(url)["NAME"] == name


def test_a_plus_in_a_password_stays_one():
    database = parse_url("mysql://user:a+b%2Bc@db.example.com:3306/name?ssl_mode=REQUIRED")

    assert database["PASSWORD"] == "a+b+c" and database["NAME"] == "name"
    assert database["OPTIONS"] == {"ssl_mode": "REQUIRED"}


def test_a_plus_in_the_folder_of_a_new_database_works(tmp_path: Path):
    folder = tmp_path / "c++"
    folder.mkdir()

    status, said = said_by(["migrate", "--verbosity=0"], f"sqlite:///{folder / 'db.sqlite3'}")

    assert status == 0, said
    assert (folder / "db.sqlite3").exists()
