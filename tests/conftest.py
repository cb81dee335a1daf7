"""Fixtures for all tests: the cast, their clients, clean folders for playbooks.

Servers, workers and the browser are in tests/fixtures/.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from django.conf import settings as django_settings
from django.db import connections
from django.test import Client, TransactionTestCase
from rest_framework.test import APIClient

from accounts.models import User
from audit import triggers
from tests import make

pytest_plugins = ["tests.fixtures.servers", "tests.fixtures.workers", "tests.fixtures.browser"]

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


# --- Places ---------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def own_folders(settings: Any, tmp_path: Path) -> None:
    """Each test has its own folders for playbooks, keys and runs."""
    for name, folder in (("PLAYBOOK_ROOT", "playbooks"), ("SSH_KEY_ROOT", "keys")):
        setattr(settings, name, tmp_path / folder)
    settings.RUN_ROOT = str(tmp_path / "runs")
    for folder in ("playbooks", "keys", "runs"):
        (tmp_path / folder).mkdir(mode=0o700)


# --- The database ---------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Any:
    """Let tests that really commit empty the tables afterwards.

    The database refuses to delete audit lines and, on SQLite, rows before those that refer to them.
    Both are intended everywhere but here: for the flush, the triggers are dropped and restored, and
    SQLite's foreign keys are disabled.
    """
    original = TransactionTestCase._fixture_teardown

    def flush_all(self: TransactionTestCase) -> None:
        connection = connections["default"]
        triggers.drop("default")
        try:
            with connection.constraint_checks_disabled():
                original(self)
        finally:
            triggers.ensure_triggers("default")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", flush_all)
        yield


# --- What runs and what does not ------------------------------------------------------------------


def pytest_report_header() -> str:
    root = "" if os.geteuid() == 0 else " (not root: tests marked as_root are left out)"
    return f"database: {_vendor()}{root}"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--leg",
        type=int,
        choices=(0, 1),
        help="one of two legs on two databases: what is marked `on_either` runs in one of them",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect tests for the other kind of database (`@pytest.mark.only_on("mysql")`).

    Also deselects the half of the `on_either` tests that run in the other leg. Deselected rather
    than skipped, as the whole suite runs once on each kind. Tests that need their own system
    accounts run only as root; the header says so.
    """
    leg = config.getoption("leg")
    elsewhere = [
        item
        for item in items
        if not _belongs_to(_vendor(), item) or (leg is not None and not _is_of(leg, item))
    ]
    if elsewhere:
        config.hook.pytest_deselected(items=elsewhere)
        items[:] = [item for item in items if item not in elsewhere]


def _vendor() -> str:
    engine = django_settings.DATABASES["default"]["ENGINE"].rsplit(".", 1)[-1]
    return "sqlite" if engine == "sqlite3" else engine


def _belongs_to(vendor: str, item: pytest.Item) -> bool:
    if item.get_closest_marker("as_root") and os.geteuid() != 0:
        return False
    mark = item.get_closest_marker("only_on")
    return mark is None or vendor in mark.args


def _is_of(leg: int, item: pytest.Item) -> bool:
    """By a checksum of its name: about half of each module, and always the same half."""
    if item.get_closest_marker("on_either") is None:
        return True
    return crc32(item.nodeid.encode()) % 2 == leg


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
