"""A playbook with the playbooks that it imports, recursively: one walk for all readers."""

import posixpath
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from django.core.exceptions import ValidationError

from .playbook_files import find_imported_file, locate_file, plays_in, prefix_of, root_of

# Files in total. Circular imports end at once.
MOST_FILES = 100

Entry = TypeVar("Entry")
Read = Callable[[bytes], Iterable[Entry] | None]


def entries_of(
    file_path: str, read: Read[Entry], imported_by: Callable[[Entry], str | None]
) -> Iterator[tuple[str, Entry] | None]:
    """Yield (file, entry) for a registered playbook, and for each import after its entry.

    The file is relative to its root, with links resolved. `read` returns the entries of a text, or
    None. `imported_by` returns the file that an entry imports, "" if it is known only at run time,
    or None for no import. Yields None for anything unreadable: missing, outside the root, named by
    a template, circular.
    """
    return _walked(file_path, read, imported_by, (), [])


def plays_with_imported(file_path: str) -> list[dict[str, Any]]:
    """The plays of a registered file, each followed by those it imports. Skips unreadable files."""
    found = entries_of(file_path, plays_in, find_imported_file)
    return [each[1] for each in found if each is not None]


def files_with_imported(file_path: str) -> set[str]:
    """A registered file and those it imports, relative to its root. Skips unreadable files."""
    found = entries_of(file_path, plays_in, find_imported_file)
    return {each[0] for each in found if each is not None}


def _walked(
    file_path: str,
    read: Read[Entry],
    imported_by: Callable[[Entry], str | None],
    above: tuple[Path, ...],
    files: list[Path],
) -> Iterator[tuple[str, Entry] | None]:
    path = _path_of(file_path)
    entries = None
    if path is not None and path not in above and len(files) < MOST_FILES:
        files.append(path)
        entries = read(_content_of(path))
    if path is None or entries is None:
        yield None
        return
    relative = path.relative_to(root_of(file_path)).as_posix()
    for entry in entries:
        yield relative, entry
        name = imported_by(entry)
        if name:
            beside = _beside(file_path, relative, name)
            yield from _walked(beside, read, imported_by, (*above, path), files)
        elif name is not None:
            yield None


def _path_of(file_path: str) -> Path | None:
    try:
        return locate_file(file_path)
    except ValidationError:
        return None


def _content_of(path: Path) -> bytes:
    """The file's content; empty, and so not a playbook, if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _beside(file_path: str, relative: str, name: str) -> str:
    """The registered path of a file named relative to the folder of another."""
    return prefix_of(file_path) + posixpath.normpath(
        posixpath.join(posixpath.dirname(relative), name.strip())
    )
