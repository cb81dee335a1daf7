"""Playbook files: where they may lie, what their hash is, which files are playbooks.

A registered path is relative to PLAYBOOK_ROOT, or names one of our own playbooks as
`infraops:<file>`. Links are resolved: nothing outside of the root is ever read.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.core.exceptions import ValidationError

BUILTIN = "infraops:"
BUILTIN_ROOT = Path(__file__).parent / "playbooks"
SUFFIXES = (".yml", ".yaml")


def root_of(file_path: str) -> Path:
    root = BUILTIN_ROOT if file_path.startswith(BUILTIN) else Path(settings.PLAYBOOK_ROOT)
    return root.resolve()


def located(file_path: str) -> Path:
    """The file's real path. ValidationError when it leads outside; it need not exist."""
    root = root_of(file_path)
    relative = Path(file_path.removeprefix(BUILTIN))
    if relative.is_absolute() or ".." in relative.parts:
        raise ValidationError(f"“{file_path}” has to be relative to {root}, without “..”.")
    path = (root / relative).resolve()
    if not path.is_relative_to(root):
        raise ValidationError(f"“{file_path}” leads outside of {root}.")
    return path


def validate_file_path(file_path: str) -> None:
    """A YAML file that exists inside of its root."""
    if "\0" in file_path:
        raise ValidationError("A path cannot hold a NUL character.")
    path = located(file_path)
    if path.suffix not in SUFFIXES:
        raise ValidationError(
            f"“{file_path}” is no playbook: its name has to end in .yml or .yaml."
        )
    if not path.is_file():
        raise ValidationError(f"There is no file “{file_path}” in {root_of(file_path)}.")


def hash_of(content: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


def plays_in(content: bytes) -> list[dict[str, Any]]:
    """The plays of a playbook's text; empty when it is not one (or not readable as YAML)."""
    try:
        # Ansible's own tags (!vault, !unsafe) mean nothing here: they load as None.
        document = yaml.load(content, Loader=_TolerantLoader)  # noqa: S506  (a SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError):
        return []
    if not isinstance(document, list) or not document:
        return []
    plays = [play for play in document if isinstance(play, dict)]
    is_playbook = all("hosts" in play or _imports(play) for play in plays)
    return plays if is_playbook and len(plays) == len(document) else []


def discovered(root: Path) -> Iterator[tuple[str, bytes]]:
    """(path relative to root, content) of every playbook below it, in order; links that lead
    outside and hidden folders are passed over."""
    root = root.resolve()
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        hidden = any(part.startswith(".") for part in relative.parts)
        if path.suffix not in SUFFIXES or hidden or not path.is_file():
            continue
        if not path.resolve().is_relative_to(root):
            continue
        content = path.read_bytes()
        if plays_in(content):
            yield relative.as_posix(), content


class _TolerantLoader(yaml.SafeLoader):
    """Reads plain YAML only; unknown tags become None."""


_TolerantLoader.add_multi_constructor("!", lambda loader, suffix, node: None)


def _imports(play: dict[str, Any]) -> bool:
    return "import_playbook" in play or "ansible.builtin.import_playbook" in play
