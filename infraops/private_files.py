"""Files that InfraOps writes are for its own user: they hold data, and some hold secrets."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from django.conf import settings

PRIVATE = 0o077
OTHERS = 0o007
# What these write is for a web server, or is part of the source.
PUBLIC_COMMANDS = {"collectstatic", "makemigrations", "squashmigrations"}


def make_private(arguments: Sequence[str] = ()) -> None:
    """Set this process's umask, and so that of those it starts; SQLite's files get 0600 too.

    Not for the commands that write files for others. ansible-playbook has ANSIBLE_UMASK.
    """
    if not PUBLIC_COMMANDS & set(arguments[1:2]):
        os.umask(PRIVATE)


def readable_by_others() -> list[Path]:
    """Those of our files that other users of this machine may read or change."""
    return [path for path in _ours() if _mode(path) & OTHERS]


def _ours() -> Iterator[Path]:
    yield settings.BASE_DIR / ".env"
    for database in settings.DATABASES.values():
        if database["ENGINE"].endswith("sqlite3"):
            yield from (Path(f"{database['NAME']}{end}") for end in ("", "-wal", "-shm"))


def _mode(path: Path) -> int:
    """The file's mode; 0 if there is none."""
    try:
        return path.stat().st_mode
    except OSError:
        return 0
