"""Import an Ansible inventory: its hosts, groups, order and variables."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from inventory.ansible.reading import Unreadable, read
from inventory.importing import (
    InventoryImport,
    find_or_make_source,
    import_inventory,
    path_of_source,
)
from inventory.importing.printable import printable
from inventory.syncing.performing import sync_at_once
from schema.exceptions import Refused

# Host names per line of output.
SHOWN = 10


class Command(BaseCommand):
    help = (
        "Take over any Ansible inventory: INI, YAML, TOML, an executable script, or a folder; with "
        "group_vars and host_vars beside it. Hosts become servers, groups become groups, nested "
        "and in their order. What the inventory sets is set, so a second run changes nothing, and "
        "no server moves to another inventory. A path below PLAYBOOK_ROOT becomes an inventory "
        "source and is synced: what it owns is read-only in the console, servers that are gone "
        "are deactivated, and groups that are gone are removed. Any other path is imported once, "
        "and nothing is removed. Secrets are "
        "encrypted and listed: variables that sound secret, and those that "
        "infraops_secret_variables names. Exit status 1 when the inventory cannot be read or "
        "every host was refused."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, metavar="FILE|DIR")
        parser.add_argument(
            "--inventory",
            default="",
            metavar="NAME",
            help="the inventory to import into, made if there is none; by default that of the "
            "source, or the default one",
        )
        parser.add_argument(
            "--environment", default="", help="environment for every host (production, staging …)"
        )
        parser.add_argument("--dry-run", action="store_true", help="show what would be done")
        parser.add_argument(
            "--keep-env",
            action="append",
            default=[],
            metavar="NAME",
            help="let the inventory's script or plugin see this environment variable",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = self._import(**options)
        except (Unreadable, Refused) as error:
            raise CommandError(printable(str(error))) from None
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        self._say_what_to_know(report)
        self._say_what_was_done(report, options["dry_run"])
        if report.is_all_refused:
            raise CommandError("Every host was refused.")

    def _import(self, **options: Any) -> InventoryImport:
        how = {name: options[name] for name in ("environment", "dry_run")}
        relative = path_of_source(options["path"])
        if relative is None:
            listed = read(options["path"], keep_environment=options["keep_env"])
            return import_inventory(listed, options["inventory"], **how)
        with transaction.atomic():
            source = find_or_make_source(
                relative, options["inventory"], options["environment"], options["keep_env"]
            )
            self.stdout.write(f"Source: {source}")
            report = sync_at_once(source, always=True, **how)
            if options["dry_run"]:
                transaction.set_rollback(True)
        return report

    def _say_what_to_know(self, report: InventoryImport) -> None:
        if report.warnings:
            self.stderr.write(printable(report.warnings))
        for what, names in report.inexact.items():
            self.stdout.write(f"Stored as text: {printable(what)} of {_listed(names)}")
        for what, names in report.unflattened.items():
            self.stdout.write(f"Left to its group: {printable(what)} of {_listed(names)}")
        for what, names in report.encrypted.items():
            self.stdout.write(f"Encrypted: {printable(what)} of {_listed(names)}")
        for what, names in report.overridden.items():
            self.stdout.write(f"Kept as an override: {printable(what)} of {_listed(names)}")
        for what, names in report.conflicts.items():
            self.stdout.write(f"{what.capitalize()} under an override: {_listed(names)}")
        for what, names in report.kept.items():
            self.stdout.write(f"Gone, but kept for {what}: {_listed(names)}")
        for host, reason in report.refused.items():
            self.stdout.write(self.style.ERROR(printable(f"Refused: {host}: {reason}")))

    def _say_what_was_done(self, report: InventoryImport, dry_run: bool) -> None:
        if dry_run:
            self.stdout.write("Dry run: nothing was written. Would be:")
        for word in ("added", "changed", "unchanged", "refused"):
            names = list(getattr(report, word))
            shown = f"  {_listed(names)}" if names and word != "unchanged" else ""
            self.stdout.write(f"{word:<10}{len(names):>6}{shown}")
        for word in ("adopted", "gone", "returned"):
            if names := getattr(report, word):
                self.stdout.write(f"{word:<10}{len(names):>6}  {_listed(names)}")
        for word in ("added", "changed", "removed"):
            if names := getattr(report, f"groups_{word}"):
                self.stdout.write(f"groups {word:<8}{len(names):>4}  {_listed(names)}")


def _listed(names: list[str]) -> str:
    rest = len(names) - SHOWN
    return printable(", ".join(names[:SHOWN])) + (f" and {rest} more" if rest > 0 else "")
