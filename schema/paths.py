"""Paths that people name, which have to stay inside a folder of the console."""

import stat
from pathlib import Path

from django.core.exceptions import ValidationError


def locate_below(root: Path, relative: str, shown: str = "") -> Path:
    """The path, with links resolved; it need not exist.

    Raises ValidationError if it is outside `root` (resolved) or is a pipe, socket or device.
    """
    shown = shown or relative
    given = Path(relative)
    if given.is_absolute() or ".." in given.parts:
        raise ValidationError(f"“{shown}” must be relative to {root}, without “..”.")
    try:
        path = (root / given).resolve()
    except (OSError, RuntimeError, ValueError):  # too long, a symlink loop, a NUL
        raise ValidationError(f"“{shown!a}” is not a valid path.") from None
    if not path.is_relative_to(root):
        raise ValidationError(f"“{shown}” is outside {root}.")
    if _is_special(path):
        raise ValidationError(f"“{shown}” is not a regular file.")
    return path


def _is_special(path: Path) -> bool:
    """True for a pipe, socket or device, which may block forever when opened."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
