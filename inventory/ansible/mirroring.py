"""Stand-ins for folders: real folders along some paths, links to everything beside them.

Whoever follows a path relative to one of those folders finds what is there in the original. What is
written into them stays out of it.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path, PurePath
from uuid import uuid4


def mirror(root: Path, copy: Path, folders: Iterable[PurePath]) -> None:
    """Make `copy` a stand-in for `root`, with real folders along `folders` (relative to it).

    May be called again, and by several processes at once: links are brought up to date, and real
    files of `copy` stay as they are.
    """
    real = {PurePath(), *(each for folder in folders for each in (folder, *folder.parents))}
    for folder in sorted(real, key=lambda each: len(each.parts)):
        _make_real(copy / folder)
        _link_neighbours(root, copy, folder, real)
        _unlink_dead(root, copy / folder)


def _make_real(folder: Path) -> None:
    if folder.is_symlink():
        folder.unlink(missing_ok=True)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _link_neighbours(root: Path, copy: Path, folder: PurePath, real: set[PurePath]) -> None:
    with suppress(FileNotFoundError):
        for neighbour in (root / folder).iterdir():
            if folder / neighbour.name not in real:
                _link(copy / folder / neighbour.name, neighbour)


def _link(place: Path, target: Path) -> None:
    try:
        place.symlink_to(target)
    except FileExistsError:
        if _target_of(place) not in (None, target):
            new = place.with_name(f".{uuid4().hex}")
            new.symlink_to(target)
            new.replace(place)


def _unlink_dead(root: Path, folder: Path) -> None:
    """Remove links to what is no longer there."""
    for each in folder.iterdir():
        target = _target_of(each)
        if target is not None and target.is_relative_to(root) and not os.path.lexists(target):
            each.unlink(missing_ok=True)


def _target_of(place: Path) -> Path | None:
    """Where the link leads; None if it is no link."""
    try:
        return place.readlink()
    except OSError:
        return None
