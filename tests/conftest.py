"""Fixtures for all tests: the cast, their clients, clean folders for playbooks.

Servers, workers and the browser are in tests/fixtures/.
"""

import gc
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from django.conf import settings as django_settings
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from infraops.private_files import make_private
from tests import make

pytest_plugins = [
    f"tests.fixtures.{name}" for name in ("database", "servers", "workers", "browser")
]

# As manage.py does for every process of an installation.
make_private()

# Playwright runs an event loop in the main thread, where Django would refuse the ORM.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


# --- The cast -------------------------------------------------------------------------------------


@pytest.fixture
def boss(db: None) -> User:
    """An admin."""
    return make.user(username="boss", role="admin")


@pytest.fixture
def alice(db: None) -> User:
    """An operator."""
    return make.user(username="alice", role="operator")


@pytest.fixture
def bob(db: None) -> User:
    """A viewer."""
    return make.user(username="bob", role="viewer")


@pytest.fixture
def vera(db: None) -> User:
    """An auditor."""
    return make.user(username="vera", role="auditor")


@pytest.fixture
def charlie(db: None) -> User:
    """Deactivated, so without permissions."""
    return make.user(username="charlie", is_active=False)


@pytest.fixture
def client_of() -> Callable[[User], Client]:
    """`client_of(alice).get("/")`: a signed-in browser."""

    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return signed_in


@pytest.fixture
def api() -> APIClient:
    """An API client without a user; it sends and reads JSON."""
    return APIClient()


@pytest.fixture
def api_of() -> Callable[[User], APIClient]:
    """`api_of(alice).post("/api/jobs", {…})`: an API client with a session."""

    def signed_in(user: User) -> APIClient:
        client = APIClient()
        client.force_login(user)
        return client

    return signed_in


@pytest.fixture
def query_ceiling(django_assert_max_num_queries: Any) -> Any:
    """`with query_ceiling(12): client.get("/jobs/")`: no list may query once per row."""
    return django_assert_max_num_queries


# --- Folders --------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def own_folders(settings: Any, tmp_path: Path) -> None:
    """Each test has its own folders for playbooks, keys and runs, and its own heads of seals."""
    for name, folder in (("PLAYBOOK_ROOT", "playbooks"), ("SSH_KEY_ROOT", "keys")):
        setattr(settings, name, tmp_path / folder)
    settings.RUN_ROOT = str(tmp_path / "runs")
    settings.STATE_ROOT = tmp_path / "state"
    settings.AUDIT_HEADS_FILE = str(tmp_path / "audit_heads.jsonl")
    for folder in ("playbooks", "keys", "runs"):
        (tmp_path / folder).mkdir(mode=0o700)


# --- Selecting tests ------------------------------------------------------------------------------


def pytest_report_header() -> str:
    root = "" if os.geteuid() == 0 else " (not root: tests marked as_root are left out)"
    return f"database: {_vendor()}{root}"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--leg",
        type=int,
        choices=range(4),
        help="part of `make test`: 0 and 1 run what is for both databases, one database each; "
        "2 and 3 run half each of what is marked `on_either`",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect tests for the other kind of database (`@pytest.mark.only_on("mysql")`).

    Also deselects tests that run in another leg. Deselected rather than skipped, as the whole suite
    runs once on each kind. Tests that need their own system accounts run only as root; the header
    says so.
    """
    leg = config.getoption("leg")
    elsewhere = [
        item
        for item in items
        if not _belongs_to(_vendor(), item) or (leg is not None and not _is_of(leg, item))
    ]
    if elsewhere:
        config.hook.pytest_deselected(items=elsewhere)
        left_out = set(elsewhere)
        items[:] = [item for item in items if item not in left_out]


def pytest_collection_finish() -> None:
    """Exempt everything imported so far from garbage collection: it stays until the end."""
    gc.collect()
    gc.freeze()


def _vendor() -> str:
    engine = django_settings.DATABASES["default"]["ENGINE"].rsplit(".", 1)[-1]
    return "sqlite" if engine == "sqlite3" else engine


def _belongs_to(vendor: str, item: pytest.Item) -> bool:
    if item.get_closest_marker("as_root") and os.geteuid() != 0:
        return False
    mark = item.get_closest_marker("only_on")
    return mark is None or vendor in mark.args


def _is_of(leg: int, item: pytest.Item) -> bool:
    """For `on_either`, by a checksum of the name: half of each module, and always the same half."""
    if item.get_closest_marker("on_either") is None:
        return leg < 2
    return leg == 2 + crc32(item.nodeid.encode()) % 2


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """In CI, a skipped test is a failure."""
    report = yield
    return _strict(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Any:
    report = yield
    return _strict(report)


def _strict(report: Any) -> Any:
    expected_to_fail = hasattr(report, "wasxfail")
    if report.skipped and not expected_to_fail and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"Skipped, and with CI=true that is a failure: {report.longrepr}"
    return report
