"""What InfraOps writes is for its own user; what plays and web servers need keeps its own modes."""

import os
import shlex
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings as django_settings
from django.core.checks import run_checks

from infraops import private_files
from inventory.ansible import reading

ROOT = Path(django_settings.BASE_DIR)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def usual_umask() -> Iterator[None]:
    """That of a login, which processes that tests start inherit."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def elsewhere(tmp_path: Path) -> dict[str, str]:
    """An environment with a database, and static files, of its own."""
    places = {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'own.sqlite3'}",
        "STATIC_ROOT": str(tmp_path / "static"),
    }
    return {**os.environ, **places}


def manage(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.only_on("sqlite")
def test_a_new_database_is_its_owners_alone(usual_umask, elsewhere, tmp_path):
    code = (
        "from pathlib import Path; from django.db import connection as c; "
        "c.cursor().execute('CREATE TABLE x (y int)'); "
        f"print([oct(p.stat().st_mode & 0o777) for p in Path({str(tmp_path)!r}).glob('own*')])"
    )
    printed = manage(elsewhere, "shell", "--no-imports", "-c", code)
    assert printed.count("0o600") == 3, printed  # the file, -wal and -shm


@pytest.mark.slow
@pytest.mark.on_either
def test_static_files_stay_readable_for_a_web_server(usual_umask, elsewhere, tmp_path):
    manage(elsewhere, "collectstatic", "--no-input", "--verbosity", "0")
    found = list((tmp_path / "static").rglob("*"))
    assert len(found) > 100
    assert {mode(path) for path in found if path.is_file()} == {0o644}
    assert {mode(path) for path in found if path.is_dir()} == {0o755}


def test_the_console_sets_its_umask(usual_umask):
    code = "import infraops.wsgi, os; print(oct(os.umask(0)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "0o77"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["manage.py", "run_worker"], 0o077),
        (["manage.py", "migrate"], 0o077),
        (["manage.py"], 0o077),
        (["manage.py", "collectstatic"], 0o022),
        (["manage.py", "makemigrations"], 0o022),
    ],
)
def test_commands_that_write_for_others_keep_the_umask(usual_umask, arguments, expected):
    private_files.make_private(arguments)
    assert os.umask(0o022) == expected


def test_files_that_others_can_read_are_named_with_the_command(monkeypatch, tmp_path):
    own, env = tmp_path / "data base.sqlite3", tmp_path / ".env"
    for path in (own, env, tmp_path / "data base.sqlite3-wal"):
        path.write_text("")
        path.chmod(0o644)
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(own)}
    ours = SimpleNamespace(BASE_DIR=tmp_path, DATABASES={"default": database})
    monkeypatch.setattr(private_files, "settings", ours)
    (warning,) = [each for each in run_checks() if each.id == "infraops.W002"]
    command = shlex.split(str(warning.hint).partition(": ")[2])
    assert command == ["chmod", "600", str(env), str(own), f"{own}-wal"]
    subprocess.run(command, check=True)
    assert not [each for each in run_checks() if each.id == "infraops.W002"]


@pytest.mark.parametrize("module", ["tests.settings", "tests.production"])
def test_make_check_does_not_mind_the_modes_of_a_developers_files(module, tmp_path):
    """Those that an earlier release, or `cp .env.example .env`, left behind."""
    code = (
        "from infraops import checks; from pathlib import Path; "
        "checks.readable_by_others = lambda: [Path('.env')]; "
        "import django; django.setup(); from django.core.management import call_command; "
        "call_command('check', fail_level='WARNING')"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": module}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_group_members_may_be_let_in(settings, tmp_path):
    """root:infraops 0640 lets the service read its settings, and not change them."""
    settings.BASE_DIR = tmp_path
    (tmp_path / ".env").touch(mode=0o640)
    assert private_files.readable_by_others() == []


@pytest.mark.parametrize("umask", ["", "rwx", "8", "00000", "022; id"])
def test_a_umask_is_octal(settings, umask):
    settings.ANSIBLE_UMASK = umask
    assert "infraops.E003" in [each.id for each in run_checks()]


@pytest.mark.slow
@pytest.mark.on_either
def test_an_inventory_script_has_the_umask_of_plays(tmp_path, settings):
    settings.ANSIBLE_UMASK = "027"
    script, cache = tmp_path / "hosts.sh", tmp_path / "cache"
    script.write_text(f'#!/bin/sh\necho > {cache}\necho \'{{"web": {{"hosts": ["web1"]}}}}\'\n')
    script.chmod(0o755)
    assert [host.name for host in reading.read(script).hosts] == ["web1"]
    assert mode(cache) == 0o640
