"""Tell which servers have copies of their groups' variables, and how to be rid of them."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from inventory.importing.flattened import find_flattened
from schema.limits import name_some


class Command(BaseCommand):
    help = (
        "List the variables that imports of earlier releases have copied from groups to their "
        "servers, and the inventories that they can be read from again. A copy hides what its "
        "group says; import_inventory removes it. Without arguments, looks at files below "
        "PLAYBOOK_ROOT that are called like inventories, without executing any. Changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "paths",
            nargs="*",
            type=Path,
            metavar="FILE|DIR",
            help="inventories to compare with; scripts among them are executed",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        found = find_flattened(options["paths"])
        for path, reason in found.unreadable.items():
            self.stderr.write(f"Cannot be read: {path}: {reason}")
        for path, copies in found.copies.items():
            self.stdout.write(f"In {path}:")
            self._list(copies)
            self.stdout.write(f"  To fix: manage.py import_inventory {path}")
        for group, copies in found.elsewhere.items():
            self.stdout.write(f"In no inventory that was read, but the same on all of {group}:")
            self._list(copies)
        if not (found.copies or found.elsewhere):
            self.stdout.write("No server has copies of its groups' variables.")

    def _list(self, copies: dict[str, list[str]]) -> None:
        for name, servers in sorted(copies.items()):
            self.stdout.write(f"  {name}: {name_some(servers)}")
