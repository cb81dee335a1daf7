"""The database of a chaos run, and what can happen to it."""

import os
import signal
import sqlite3
from typing import Self
from urllib.parse import urlsplit, urlunsplit

from tests.chaos.proxy import Proxy
from tests.private_servers import MariaDB


class Database:
    """`with …:` the database is up. `left_out` has what it cannot do, with the reason."""

    url: str
    left_out: dict[str, str] = {}
    lost_answers = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_unused: object) -> None:
        self.recover()

    def freeze(self) -> None:
        """Answer nobody until `thaw`."""
        raise NotImplementedError

    def thaw(self) -> None:
        raise NotImplementedError

    def kill(self) -> None:
        """End at once, with all connections, until `start`."""
        raise NotImplementedError

    def start(self) -> None:
        raise NotImplementedError

    def lose_answers(self, *, to_commits: bool) -> None:
        raise NotImplementedError

    def recover(self) -> None:
        """Undo whatever was done to it."""


class SQLiteFile(Database):
    left_out = {
        "database_killed": "SQLite is no process",
        "answers_lost": "nothing lies between SQLite and its commit",
    }

    def __init__(self, url: str = "") -> None:
        """Without a URL, the settings create a file in the run's own folder."""
        self.url = url
        self._lock: sqlite3.Connection | None = None

    def freeze(self) -> None:
        path = os.environ["DATABASE_URL"].removeprefix("sqlite:///")
        self._lock = sqlite3.connect(path, timeout=30, isolation_level=None)
        self._lock.execute("BEGIN EXCLUSIVE")

    def thaw(self) -> None:
        if self._lock is not None:
            self._lock.execute("ROLLBACK")
            self._lock.close()
            self._lock = None

    def recover(self) -> None:
        self.thaw()


class Server(Database):
    """An existing MySQL or MariaDB server: only the connections to it can be disturbed."""

    def __init__(self, url: str) -> None:
        self.direct = url

    def __enter__(self) -> Self:
        parts = urlsplit(self.direct)
        self.proxy = Proxy(str(parts.hostname), parts.port or 3306).start()
        who = parts.netloc.rpartition("@")[0]
        self.url = urlunsplit(parts._replace(netloc=f"{who}@127.0.0.1:{self.proxy.port}"))
        return self

    def __exit__(self, *_unused: object) -> None:
        self.recover()
        self.proxy.close()

    @property
    def lost_answers(self) -> int:  # type: ignore[override]
        return self.proxy.lost

    def freeze(self) -> None:
        self.proxy.stand_still()

    def thaw(self) -> None:
        self.proxy.flow()

    def kill(self) -> None:
        self.proxy.go_away()

    def start(self) -> None:
        self.proxy.come_back()

    def lose_answers(self, *, to_commits: bool) -> None:
        self.proxy.loses_answers = to_commits

    def recover(self) -> None:
        self.lose_answers(to_commits=False)
        self.thaw()
        self.start()


class SturdyMariaDB(MariaDB):
    """Keeps committed data when it is killed, like any production server."""

    def command(self) -> list[str]:
        return [*super().command(), "--innodb-flush-log-at-trx-commit=2"]


class PrivateMariaDB(Server):
    """A MariaDB of the harness's own, whose process itself is stopped and killed."""

    def __init__(self) -> None:
        self.server = SturdyMariaDB()
        super().__init__(self.server.url)

    def __enter__(self) -> Self:
        self.server.__enter__()
        return super().__enter__()

    def __exit__(self, *unused: object) -> None:
        super().__exit__()
        self.server.__exit__(None, None, None)

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)
        if self.server.process is not None:
            self.server.process.wait()
            self.server.process = None

    def start(self) -> None:
        if self.server.process is None:
            self.server.start()

    def _signal(self, number: int) -> None:
        if self.server.process is not None:
            self.server.process.send_signal(number)


def chosen(name: str) -> Database:
    """`sqlite`, `mariadb` (a private one), or a URL."""
    if name == "mariadb":
        return PrivateMariaDB()
    if name == "sqlite" or name.startswith("sqlite:"):
        return SQLiteFile("" if name == "sqlite" else name)
    return Server(name)
