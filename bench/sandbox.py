"""A place to measure in: a temporary folder and a database of its own, with Django set up."""

import os
import secrets
import sys
import tempfile
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
from django.apps import apps
from django.core.management import call_command
from django.db import connection


@contextmanager
def sandbox(database_url: str | None, redis_url: str | None) -> Iterator[str]:
    """Set up and migrate; yields the database's name and version, such as "SQLite 3.40.1"."""
    with tempfile.TemporaryDirectory(prefix="infraops-bench-") as name:
        folder = Path(name)
        # Workers started from here inherit these, and a .env file does not override them.
        database_url = database_url or f"sqlite:///{folder / 'db.sqlite3'}"
        os.environ.update(_settings(folder, database_url, redis_url or ""))
        django.setup()
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        _refuse_used_database()
        yield _name_of_database()
        connection.close()


def _settings(folder: Path, database_url: str, redis_url: str) -> dict[str, str]:
    roots = {
        f"{name}_ROOT": folder / name.lower() for name in ("PLAYBOOK", "SSH_KEY", "RUN", "STATIC")
    }
    for root in roots.values():
        root.mkdir(mode=0o700)
    return {
        "DJANGO_SETTINGS_MODULE": "infraops.settings",
        "DATABASE_URL": database_url,
        "SECRET_KEY": secrets.token_urlsafe(50),
        "ENCRYPTION_KEYS": urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "DEBUG": "false",
        "HTTPS": "false",
        "REDIS_URL": redis_url,
        "WORKERS": "2",
        "LOG_LEVEL": "WARNING",
        "AUDIT_HEADS_FILE": str(folder / "audit_heads.jsonl"),
        "AUDIT_SYSLOG": "",
        **{variable: str(root) for variable, root in roots.items()},
    }


def _refuse_used_database() -> None:
    if apps.get_model("accounts", "User").objects.exists():
        sys.exit("This database holds users already: give an empty one, this leaves rows behind.")


def _name_of_database() -> str:
    """Vendor and version."""
    if connection.vendor == "sqlite":
        return f"SQLite {connection.Database.sqlite_version}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT VERSION()")
        version = str(cursor.fetchone()[0])
    name = "MariaDB" if connection.mysql_is_mariadb else "MySQL"
    return f"{name} {version.split('-')[0]}"
