"""A database that is away, hangs, takes no writes or is locked, beneath a real gunicorn.

Each answer has to come while the outage lasts: clients give up after ANSWER_SECONDS.
"""

import http.client
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import MySQLdb
import pytest

from tests.fixtures.workers import ROOT, environment
from tests.private_servers import MariaDB, answers, free_port, wait_until

pytestmark = pytest.mark.slow

ANSWER_SECONDS = 10
GONE = "The database does not answer."
READ_ONLY = "The database is read-only."
BUSY = "The database is busy: something else has locked it."

# Prints a session's and an API key's token. With an argument, so many log lines for a download.
FURNISH = """
import os, sys, django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django.test import Client
from automation.models import JobLog
from django.utils import timezone
from tests import make
boss = make.user(username="boss", role="admin")
client = Client()
client.force_login(boss)
_key, token = make.api_key(boss)
job = make.job(status="success")
JobLog.objects.bulk_create(
    [JobLog(job=job, line_number=n, content="x" * 900, log_level="info", timestamp=timezone.now())
     for n in range(1, int(sys.argv[1]) + 1)], batch_size=2000)
print("SAID", client.cookies["sessionid"].value, token, job.job_id)
"""


Headers = dict[str, str]


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


class Console:
    """gunicorn on a database of its own."""

    def __init__(self, url: str, folder: Path, prefix: tuple[str, ...] = ()) -> None:
        self.log = folder / f"console-{free_port()}.log"
        self.port = free_port()
        command = [*prefix, sys.executable, "-m", "gunicorn", f"--bind=127.0.0.1:{self.port}"]
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [*command, "--workers=1", "--threads=4", "infraops.wsgi"],
                cwd=ROOT,
                env=environment(DATABASE_URL=url, DATABASE_TIMEOUT="4"),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        wait_until(lambda: answers(self.port), seconds=60, what="the console's port")

    @contextmanager
    def open(self, path: str, who: Headers | None = None) -> Iterator[http.client.HTTPResponse]:
        """The response, of which nothing was read yet. `who` are a person's headers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS)
        try:
            connection.request("GET", path, headers=who or {})
            yield connection.getresponse()
        finally:
            connection.close()

    def get(self, path: str, who: Headers | None = None) -> Answer:
        with self.open(path, who) as response:
            return Answer(response.status, dict(response.headers), response.read().decode())

    def send(self, method: str, path: str, body: dict[str, str], who: Headers) -> Answer:
        """JSON to the API."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS)
        try:
            headers = {**who, "Content-Type": "application/json"}
            connection.request(method, path, json.dumps(body), headers)
            response = connection.getresponse()
            return Answer(response.status, dict(response.headers), response.read().decode())
        finally:
            connection.close()

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Person:
    """An admin in a browser, and with an API key."""

    def __init__(self, url: str, lines: int = 3) -> None:
        done = subprocess.run(
            [sys.executable, "-c", FURNISH, str(lines)],
            cwd=ROOT,
            env=environment(DATABASE_URL=url),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        words = done.stdout.split("SAID ")[1].split()
        self.session = {"Cookie": f"sessionid={words[0]}"}
        self.key = {"Authorization": f"Bearer {words[1]}"}
        self.job = words[2]


def healthy(console: Console) -> bool:
    """The database's part: no worker runs here."""
    return "detail" not in console.get("/api/health").json()


def is_unwell(console: Console, reason: str, who: Headers | None = None) -> None:
    answer = console.get("/api/health", who)
    assert (answer.status, answer.json()["detail"]) == (503, reason)


def is_refused(console: Console, person: Person, reason: str) -> None:
    """API and pages, with a key, a session and nothing."""
    answer = console.get("/api/servers", person.key)
    assert (answer.status, answer.json()) == (503, {"detail": reason, "fields": {}})
    assert int(answer.headers["Retry-After"]) > 0
    for path in ("/", f"/jobs/{person.job}/"):
        page = console.get(path, person.session)
        assert page.status == 503, page.text
        assert reason in page.text
        assert int(page.headers["Retry-After"]) > 0


def becomes_healthy(console: Console) -> None:
    wait_until(lambda: healthy(console), seconds=30, what="a healthy database")


def recovers(console: Console) -> None:
    """It is well again, and its log has told of one outage."""
    becomes_healthy(console)
    logged_once(console)


def logged_once(console: Console, times: int = 1) -> None:
    assert "Traceback" not in console.said
    assert "Service Unavailable" not in console.said  # a line for each request
    assert console.said.count("Database unavailable (") == times
    assert console.said.count("Database available again") == times


@contextmanager
def hung(server: MariaDB) -> Iterator[None]:
    assert server.process is not None
    server.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        server.process.send_signal(signal.SIGCONT)


@contextmanager
def killed(server: MariaDB) -> Iterator[None]:
    assert server.process is not None
    server.process.kill()
    server.process.wait()
    try:
        yield
    finally:
        server.start()


# --- MariaDB --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def on_mariadb(mariadb: MariaDB, tmp_path_factory: Any) -> Iterator[tuple[Console, Person]]:
    person = Person(mariadb.url, lines=15_000)
    console = Console(mariadb.url, tmp_path_factory.mktemp("console"))
    yield console, person
    console.kill()


@pytest.fixture
def fresh_log(on_mariadb: tuple[Console, Person]) -> Iterator[None]:
    """The log of this test only."""
    console, _ = on_mariadb
    os.truncate(console.log, 0)
    yield
    becomes_healthy(console)


@pytest.mark.only_on("mysql")
@pytest.mark.usefixtures("fresh_log")
@pytest.mark.parametrize("outage", [killed, hung])
def test_a_server_that_is_killed_or_hangs(
    outage: Callable, mariadb: MariaDB, on_mariadb: tuple[Console, Person]
) -> None:
    console, person = on_mariadb
    assert console.get("/", person.session).status == 200
    with outage(mariadb):
        is_unwell(console, GONE)
        is_unwell(console, GONE, person.key)
        is_unwell(console, GONE, person.session)
        is_refused(console, person, GONE)
        for _ in range(3):
            is_unwell(console, GONE)
    becomes_healthy(console)
    assert console.get("/", person.session).status == 200
    logged_once(console)


@pytest.mark.only_on("mysql")
@pytest.mark.usefixtures("fresh_log")
@pytest.mark.parametrize("outage", [killed, hung])
def test_requests_find_out_before_health_does(
    outage: Callable, mariadb: MariaDB, on_mariadb: tuple[Console, Person]
) -> None:
    console, person = on_mariadb
    with outage(mariadb):
        is_refused(console, person, GONE)
    wait_until(
        lambda: console.get("/", person.session).status == 200,
        seconds=30,
        what="a page",
    )
    logged_once(console)


@pytest.mark.only_on("mysql")
@pytest.mark.usefixtures("fresh_log")
@pytest.mark.parametrize("outage", [killed, hung])
def test_a_download_is_broken_off_and_not_taken_for_the_whole(
    outage: Callable, mariadb: MariaDB, on_mariadb: tuple[Console, Person]
) -> None:
    console, person = on_mariadb
    with console.open(f"/jobs/{person.job}/log.txt", person.session) as download:
        assert download.status == 200
        with outage(mariadb), pytest.raises(http.client.IncompleteRead):
            while download.read(100_000):
                pass
    recovers(console)


@pytest.mark.only_on("mysql")
@pytest.mark.usefixtures("fresh_log")
def test_a_read_only_server_is_told_and_can_be_read(
    mariadb: MariaDB, on_mariadb: tuple[Console, Person]
) -> None:
    console, person = on_mariadb
    mariadb.as_root("SET GLOBAL read_only = ON")
    try:
        is_unwell(console, READ_ONLY)
        is_unwell(console, READ_ONLY, person.session)
        for path in ("/", "/admin/inventory/server/", f"/jobs/{person.job}/"):
            assert console.get(path, person.session).status == 200
        assert console.get("/api/servers", person.session).status == 200
    finally:
        mariadb.as_root("SET GLOBAL read_only = OFF")
    recovers(console)


@pytest.mark.only_on("mysql")
@pytest.mark.usefixtures("fresh_log")
def test_locked_tables_do_not_hold_health_up(
    mariadb: MariaDB, on_mariadb: tuple[Console, Person]
) -> None:
    """As while a backup is taken: FLUSH TABLES WITH READ LOCK, held by a session."""
    console, person = on_mariadb
    with closing(MySQLdb.connect(unix_socket=f"{mariadb.folder}/socket", user="root")) as backup:
        backup.cursor().execute("FLUSH TABLES WITH READ LOCK")
        is_unwell(console, BUSY)
        is_unwell(console, BUSY, person.session)
        assert console.get("/", person.session).status == 200
    recovers(console)


@pytest.mark.only_on("mysql")
@pytest.mark.usefixtures("fresh_log")
def test_exhausted_connections_are_told(
    mariadb: MariaDB, on_mariadb: tuple[Console, Person]
) -> None:
    console, _ = on_mariadb
    mariadb.as_root("SET GLOBAL max_connections = 10")
    with ExitStack() as stack:
        while (other := connected(mariadb)) is not None:
            stack.enter_context(closing(other))
        is_unwell(console, "The database has no free connections.")
    mariadb.as_root("SET GLOBAL max_connections = 200")
    recovers(console)


def connected(server: MariaDB) -> Any:
    """Another client of the console's account; None if the server takes no more."""
    try:
        return MySQLdb.connect(
            host="127.0.0.1", port=server.port, user=server.user, password=server.password
        )
    except MySQLdb.OperationalError as error:
        assert error.args[0] == 1040
        return None


# --- SQLite ---------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "database" / "db.sqlite3"


@pytest.fixture
def person(file: Path) -> Person:
    file.parent.mkdir()
    return Person(f"sqlite:///{file}")


@pytest.fixture
def console(file: Path, person: Person, tmp_path: Path) -> Iterator[Console]:
    # Root may write what its mode forbids, unless it lacks this capability.
    may_not = ("setpriv", "--bounding-set=-dac_override") if os.geteuid() == 0 else ()
    console = Console(f"sqlite:///{file}", tmp_path, may_not)
    yield console
    console.kill()


@pytest.mark.only_on("sqlite")
def test_a_file_that_another_process_has_locked(
    console: Console, person: Person, file: Path
) -> None:
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    is_unwell(console, BUSY)
    is_unwell(console, BUSY, person.session)
    assert console.get("/", person.session).status == 200
    other.execute("ROLLBACK")
    other.close()
    recovers(console)


@pytest.mark.only_on("sqlite")
def test_a_file_that_may_not_be_written(console: Console, person: Person, file: Path) -> None:
    assert console.get("/", person.session).status == 200
    file.chmod(0o444)
    is_unwell(console, READ_ONLY)
    is_unwell(console, READ_ONLY, person.session)
    for path in ("/", "/admin/inventory/server/", f"/jobs/{person.job}/"):
        assert console.get(path, person.session).status == 200
    for each in file.parent.iterdir():  # what SQLite has put beside it has its mode
        each.chmod(0o644)
    recovers(console)


@pytest.mark.only_on("sqlite")
def test_a_file_that_is_gone(console: Console, person: Person, file: Path) -> None:
    away = file.parent.rename(file.parent.with_name("elsewhere"))
    is_unwell(console, GONE)
    is_refused(console, person, GONE)
    assert not file.exists()
    away.rename(file.parent)
    becomes_healthy(console)
    assert console.get("/", person.session).status == 200
    logged_once(console)
