"""A disk that is really full, and a row that another connection has locked."""

import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import MySQLdb
import pytest

from schema.outages import FULL
from tests.private_servers import MariaDB

from .test_outages import BUSY, Console, Person, healthy, is_refused, is_unwell, logged_once

pytestmark = [pytest.mark.slow]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    root = tmp_path / "small"
    root.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(root)], check=True)
    yield root
    subprocess.run(["umount", "--lazy", str(root)], check=True)


@pytest.mark.as_root
@pytest.mark.only_on("sqlite")
def test_a_full_disk_is_told_and_heals(small_disk: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{small_disk / 'db.sqlite3'}"
    person = Person(url)
    console = Console(url, tmp_path)
    try:
        assert healthy(console)
        filler = small_disk / "filler"
        fill(filler)
        is_unwell(console, FULL.sentence)
        is_unwell(console, FULL.sentence, person.session)
        # SQLite needs room beside its file even to read it, unless somebody has it open.
        is_refused(console, person, FULL.sentence)
        refused = console.send("POST", "/api/servers", SERVER, person.key)
        assert (refused.status, refused.json()["detail"]) == (503, FULL.sentence)
        filler.unlink()
        assert healthy(console)
        assert console.send("POST", "/api/servers", SERVER, person.key).status == 201
        logged_once(console)
    finally:
        console.kill()


SERVER = {"hostname": "web1", "ip_address": "192.0.2.1", "description": "x" * 9_000}


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        for size in (100_000, 4096, 1):
            try:
                while file.write(b"x" * size) == size:
                    pass
            except OSError:
                continue


@pytest.mark.only_on("mysql")
def test_a_request_that_waits_for_a_locked_row_is_503_and_others_go_on(
    mariadb: MariaDB, tmp_path: Path
) -> None:
    """Another connection holds the row, as an interrupted migration or a person at a prompt may."""
    person = Person(mariadb.url)
    console = Console(mariadb.url, tmp_path)
    try:
        body = {**SERVER, "hostname": "locked1"}
        made = console.send("POST", "/api/servers", body, person.key)
        assert made.status == 201
        with closing(
            MySQLdb.connect(unix_socket=f"{mariadb.folder}/socket", user="root", db="infraops")
        ) as other:
            other.cursor().execute("SELECT * FROM servers WHERE hostname = 'locked1' FOR UPDATE")
            path = f"/api/servers/{made.json()['id']}"
            refused = console.send("PATCH", path, {"description": "new"}, person.key)
            assert (refused.status, refused.json()["detail"]) == (503, BUSY)
            assert int(refused.headers["Retry-After"]) > 0
            assert healthy(console)
            assert console.get("/", person.session).status == 200
        done = console.send("PATCH", path, {"description": "new"}, person.key)
        assert done.status == 200
        logged_once(console)
    finally:
        console.kill()
