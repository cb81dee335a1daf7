"""infraops.settings with test values.

They are put into the environment before the settings are read: a developer's .env then has no
effect, and processes that tests start (a worker, a command) inherit the values. DATABASE_URL
selects the database server; the default is SQLite in a temporary folder.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any, cast

from tests.invalid_variables import Complaint

# Otherwise, each worker and command would compile all our modules again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

if "INFRAOPS_TEST_FOLDER" not in os.environ:
    _folder = Path(tempfile.mkdtemp(prefix="infraops-test-"))
    atexit.register(shutil.rmtree, _folder, ignore_errors=True)
    for _name in ("playbooks", "keys", "runs"):
        (_folder / _name).mkdir(mode=0o700)
    os.environ.setdefault("DATABASE_URL", f"sqlite:///{_folder / 'db.sqlite3'}")
    os.environ.update(
        INFRAOPS_TEST_FOLDER=str(_folder),
        SECRET_KEY="only-for-tests-only-for-tests-only-for-tests-only-for-tests",
        ENCRYPTION_KEYS="b25seS1mb3ItdGVzdHMtb25seS1mb3ItdGVzdHMtISE=",
        DEBUG="false",
        HTTPS="false",
        ALLOWED_HOSTS="localhost,127.0.0.1,testserver",
        CSRF_TRUSTED_ORIGINS="",
        TRUSTED_PROXIES="",
        REDIS_URL="",
        TIME_ZONE="UTC",
        LOG_LEVEL="INFO",
        WORKERS="2",
        SESSION_IDLE_MINUTES="60",
        SESSION_HOURS="12",
        API_KEY_DAYS="90",
        RUN_DEADLINE_SECONDS="3600",
        RUN_DEADLINE_MAX_SECONDS="14400",
        PLAYBOOK_ROOT=str(_folder / "playbooks"),
        SSH_KEY_ROOT=str(_folder / "keys"),
        SSH_CONFIG="none",
        RUN_ROOT=str(_folder / "runs"),
        STATE_ROOT=str(_folder / "state"),
        STATIC_ROOT=str(_folder / "static"),
        AUDIT_HEADS_FILE=str(_folder / "audit_heads.jsonl"),
        AUDIT_SYSLOG="",
    )

from infraops.settings import *  # noqa: F403
from infraops.settings import DATABASES, SILENCED_SYSTEM_CHECKS, TEMPLATES

# The modes of a developer's own files are not what `make check` is about.
SILENCED_SYSTEM_CHECKS = [*SILENCED_SYSTEM_CHECKS, "infraops.W002"]

# One production hash takes 350 ms; the production hasher has its own test.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# A file instead of memory, so that workers in other processes see the same tables.
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["TEST"]["NAME"] = str(
        Path(os.environ["INFRAOPS_TEST_FOLDER"]) / "test.sqlite3"
    )
# Tests open and close hundreds of connections; a persistent one would outlive its database.
DATABASES["default"]["CONN_MAX_AGE"] = 0

cast(dict[str, Any], TEMPLATES[0]["OPTIONS"])["string_if_invalid"] = Complaint()

# Nothing is cached from one test to the next.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}

RAISE_IN_PARTS = True

# No thread writes behind a test's back when keys and sessions were last used.
LAST_USE_SECONDS = 0

# Static files are looked up on request: scanning all of them for each client is slow.
WHITENOISE_AUTOREFRESH = True
