"""Files and folders below PLAYBOOK_ROOT that look like inventories, to be offered in the form."""

from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from inventory.importing.digests import BESIDE
from inventory.models import InventorySource

# Entries of folders that are looked at, and paths that are offered.
MOST_LOOKED_AT = 5_000
MOST_OFFERED = 100
DEEPEST = 4
FOLDERS = ("inventory", "inventories")
SUFFIXES = ("", ".ini", ".yml", ".yaml", ".toml", ".py", ".sh", ".cfg")
NOT_INVENTORIES = {"roles", "collections", "templates", "files", "tasks", "playbooks", *BESIDE}


def candidate_paths() -> list[str]:
    """Relative paths, sorted, without those that are sources already. Reads names only."""
    root = Path(settings.PLAYBOOK_ROOT).resolve()
    known = set(InventorySource.objects.values_list("path", flat=True))
    found = {path.relative_to(root).as_posix() for path in _candidates(root)}
    return sorted(found - known)[:MOST_OFFERED]


def _candidates(root: Path) -> Iterator[Path]:
    waiting, looked_at = [(root, 0)], 0
    while waiting and looked_at < MOST_LOOKED_AT:
        folder, depth = waiting.pop(0)
        try:
            entries = sorted(folder.iterdir())
        except OSError:
            continue
        looked_at += len(entries)
        has_variables = any(entry.name in BESIDE for entry in entries)
        for entry in entries:
            if entry.is_symlink() or not _may_be_offered(entry.name):
                continue
            if entry.is_dir():
                if folder.name in FOLDERS or _holds_variables(entry):
                    yield entry
                if depth < DEEPEST:
                    waiting.append((entry, depth + 1))
            elif _looks_like_one(entry, has_variables=has_variables):
                yield entry


def _may_be_offered(name: str) -> bool:
    """False also for a name that is not UTF-8, which no page can show."""
    return not name.startswith(".") and name not in NOT_INVENTORIES and _is_text(name)


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _holds_variables(folder: Path) -> bool:
    return folder.name not in FOLDERS and any((folder / name).is_dir() for name in BESIDE)


def _looks_like_one(file: Path, *, has_variables: bool) -> bool:
    """By its name: hosts, inventory.yml, production.ini, anything below inventories/."""
    if file.suffix not in SUFFIXES:
        return False
    if file.stem in ("hosts", *FOLDERS) or file.parent.name in FOLDERS or file.suffix == ".ini":
        return True
    return has_variables and file.suffix == ""
