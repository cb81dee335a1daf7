"""Look at the files of an inventory without reading it: have they changed since the last sync?

Nothing is parsed or executed, so pages may do this, too.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from inventory.importing.digests import files_of
from schema.exceptions import Refused


@dataclass(frozen=True)
class Look:
    """The files as they are: (path, size in bytes, time of change in ns) each."""

    files: tuple[tuple[str, int, int], ...]
    # In seconds since 1970: when a file or a folder of files last changed.
    newest: float = 0.0

    @property
    def glance(self) -> str:
        """A hash of names, sizes and times: it may change although no content does."""
        return hashlib.sha256(repr(self.files).encode()).hexdigest()

    @property
    def changed_at(self) -> datetime:
        return datetime.fromtimestamp(self.newest, UTC)


def look_at(path: Path) -> Look | None:
    """The files that are read for the inventory at this path; None if it is gone or too large."""
    try:
        files = list(files_of(path))
        found = [(file, file.stat()) for file in files]
        folders = [folder.stat().st_mtime for folder in {file.parent for file in files}]
    except (OSError, Refused):
        return None
    if not found:
        return None
    # Of a folder with one inventory among other files, the time of the folder says nothing.
    times = [*(status.st_mtime for _file, status in found), *(folders if path.is_dir() else ())]
    shown = ((str(file), status.st_size, status.st_mtime_ns) for file, status in found)
    return Look(tuple(shown), max(times))
