"""Whether a source's files are those that were read last time, without reading them as Ansible."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from inventory.models import InventorySource
from inventory.models.sources import playbook_root
from schema.exceptions import Refused

# Raise it whenever more is taken from an inventory: the next sync then reads every source again.
READING = 1
BESIDE = ("group_vars", "host_vars")
MOST_FILES = 20_000
# In bytes, of one file. Pages read them, too; a larger one is no inventory.
LARGEST_FILE = 64 * 1024**2
# The key may be quoted, indented, or in braces; then a file is rather read once too often.
PLUGIN = re.compile(rb"""^[ \t{]*["']?plugin["']?[ \t]*:""", re.MULTILINE)


def digest_of_files(source: InventorySource) -> str:
    """SHA-256 of all that a sync would read, with the settings that matter.

    "" if only running it tells: a script or a plugin. Raises ValidationError or Refused for a file
    outside PLAYBOOK_ROOT.
    """
    found = hashlib.sha256(json.dumps([READING, source.environment, source.format]).encode())
    if source.is_upload:
        found.update(source.content.opened().encode())
        return found.hexdigest()
    path = source.located()
    for file in files_of(path):
        content = _content(file)
        if runs_code(file, content):
            return ""
        found.update(json.dumps([str(file), len(content)]).encode())
        found.update(content)
    return found.hexdigest()


def _content(file: Path) -> bytes:
    """Raises Refused for a file that is too large."""
    with file.open("rb") as opened:
        content = opened.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise Refused(f"{file.name} is larger than {LARGEST_FILE // 1024**2} MB.")
    return content


def files_of(path: Path) -> Iterator[Path]:
    """The file, or those of the folder at any depth, with group_vars and host_vars beside it.

    In a stable order. Raises Refused for a link that leads outside PLAYBOOK_ROOT.
    """
    folders = [path] if path.is_dir() else [path.parent / name for name in BESIDE]
    found = chain([path] if path.is_file() else [], *map(_in, folders))
    for number, file in enumerate(found):
        if number >= MOST_FILES:
            raise Refused(f"{path.name} has more than {MOST_FILES:,} files.")
        if not file.resolve().is_relative_to(playbook_root()):
            raise Refused(f"{file} is a link to a file outside {playbook_root()}.")
        if file.is_file():
            yield file


def _in(folder: Path) -> Iterator[Path]:
    """Its files, and its links to folders; those are followed, each folder once."""
    seen: set[str] = set()
    for where, folders, names in os.walk(folder, followlinks=True):
        folders[:] = [name for name in sorted(folders) if _is_new(Path(where, name), seen)]
        links = [name for name in folders if Path(where, name).is_symlink()]
        yield from (Path(where, name) for name in sorted([*names, *links]))


def _is_new(folder: Path, seen: set[str]) -> bool:
    path = os.path.realpath(folder)
    is_new = path not in seen
    seen.add(path)
    return is_new


def runs_code(file: Path, content: bytes) -> bool:
    """True for a script, and for the configuration of an inventory plugin."""
    if os.access(file, os.X_OK) or content.startswith(b"#!"):
        return True
    if any(part in BESIDE for part in file.relative_to(playbook_root()).parts):
        return False  # variables, one of which may be called "plugin"
    return file.suffix in (".yml", ".yaml") and PLUGIN.search(content) is not None
