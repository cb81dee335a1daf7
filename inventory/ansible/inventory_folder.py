"""The folder of an inventory, which `inventory_dir` names in its runs. It outlives them.

STATE_ROOT/inventories/<id>/

What plays keep beside the inventory (passwords that they generate, certificates, kubeconfigs) is
there at the next run. The inventory that a run reads is not: it has secrets, and lies in the run's
private folder. So runs do not wait for each other, and none leaves anything behind when it is
killed. Host variables name the folder: Ansible itself sets these two as host variables, too.
"""

import os
from contextlib import suppress
from functools import cached_property
from pathlib import Path, PurePath
from typing import Self
from uuid import uuid4

from django.conf import settings

from inventory.models import Inventory, InventorySource, Server

from .credential_variables import write_private
from .mirroring import mirror

INVENTORIES = "inventories"
HOSTS = "hosts"
# Names the run's inventory, for the script.
VARIABLE = "INFRAOPS_INVENTORY"
SCRIPT = f'#!/bin/sh\n# The inventory of the run that this belongs to.\nexec cat -- "${VARIABLE}"\n'


class InventoryFolder:
    """`sources` are the places of the inventory's files, relative to PLAYBOOK_ROOT, by their keys.

    Below the folder lies a stand-in for the folder of each, so that paths relative to it lead to
    the same files; those of the inventory itself included.
    """

    def __init__(self, inventory: Inventory, sources: dict[int, PurePath] | None = None) -> None:
        self.path = Path(settings.STATE_ROOT).absolute() / INVENTORIES / str(inventory.pk)
        self._root = Path(settings.PLAYBOOK_ROOT).resolve()
        self._sources = sources or {}

    @classmethod
    def of(cls, inventory: Inventory) -> Self:
        """With the inventory's sources that are files, the oldest first."""
        kept = inventory.sources.filter(kind=InventorySource.Kind.PATH).order_by("pk")
        paths = kept.values_list("pk", "path")
        return cls(inventory, {pk: PurePath(path) for pk, path in paths})

    def prepare(self) -> None:
        """Create it, or bring it up to date. Raises OSError."""
        for folder in (Path(settings.STATE_ROOT), self.path.parent, self.path):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._sources:
            mirror(self._root, self.path, map(self._folder_of, self._sources.values()))
        else:
            _write_script(self.path / HOSTS)

    def location_of(self, server: Server) -> dict[str, str]:
        """`inventory_dir` and `inventory_file` of a server.

        One without a source has those of the first source, as the others have.
        """
        if not self._sources:
            return _location(self.path, HOSTS)
        locations = self._locations
        return locations.get(server.source_id) or next(iter(locations.values()))

    @property
    def originals(self) -> list[Path]:
        """The folders of the inventory's files below PLAYBOOK_ROOT, each once."""
        folders = (self._root / self._folder_of(path) for path in self._sources.values())
        return list(dict.fromkeys(folders))

    @cached_property
    def _locations(self) -> dict[int | None, dict[str, str]]:
        """{key of a source: the location of its servers}."""
        found: dict[int | None, dict[str, str]] = {}
        for key, path in self._sources.items():
            folder = self._folder_of(path)
            found[key] = _location(self.path / folder, HOSTS if folder == path else path.name)
        return found

    def _folder_of(self, path: PurePath) -> PurePath:
        return path if (self._root / path).is_dir() else path.parent


def _location(folder: Path, name: str) -> dict[str, str]:
    return {"inventory_dir": str(folder), "inventory_file": str(folder / name)}


def _write_script(path: Path) -> None:
    """Written anew if a play has changed it; other runs see the old one or the new one."""
    with suppress(OSError, UnicodeDecodeError):
        if path.read_text() == SCRIPT and os.access(path, os.X_OK):
            return
    new = path.with_name(f".{uuid4().hex}")
    write_private(new, SCRIPT, 0o700)
    new.replace(path)
