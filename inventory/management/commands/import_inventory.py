"""Import an Ansible inventory as servers."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from inventory.ansible.reading import ReadInventory, Unreadable, read
from inventory.importing import InventoryImport, import_hosts

# Host names per line of output.
SHOWN = 10


class Command(BaseCommand):
    help = (
        "Add or change servers from any Ansible inventory: INI, YAML, an executable script, or a "
        "folder with group_vars and host_vars. Only what the inventory names is changed, so a "
        "second run changes nothing, and no server is removed. Secrets are encrypted and listed: "
        "variables that sound secret, and those that infraops_secret_variables names. "
        "Exit status 1 when the inventory cannot be read or every host was refused."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, metavar="FILE|DIR")
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
            inventory = read(options["path"], keep_environment=options["keep_env"])
        except Unreadable as error:
            raise CommandError(str(error)) from None
        report = import_hosts(
            inventory.hosts, environment=options["environment"], dry_run=options["dry_run"]
        )
        self._say_what_is_missing(inventory, report)
        self._say_what_was_done(report, options["dry_run"])
        if report.is_all_refused:
            raise CommandError("Every host was refused.")

    def _say_what_is_missing(self, inventory: ReadInventory, report: InventoryImport) -> None:
        if inventory.warnings:
            self.stderr.write(inventory.warnings)
        for file in inventory.encrypted:
            self.stdout.write(f"Not read: {file} is encrypted by Ansible Vault.")
        for what, hosts in report.left_out_by_variable().items():
            self.stdout.write(f"Skipped: {what} of {_listed(hosts)}")
        for what, hosts in report.encrypted.items():
            self.stdout.write(f"Encrypted: {what} of {_listed(hosts)}")
        for host, reason in report.refused.items():
            self.stdout.write(self.style.ERROR(f"Refused: {host}: {reason}"))

    def _say_what_was_done(self, report: InventoryImport, dry_run: bool) -> None:
        if dry_run:
            self.stdout.write("Dry run: nothing was written. Would be:")
        for word in ("added", "changed", "unchanged", "refused"):
            hosts = list(getattr(report, word))
            shown = f"  {_listed(hosts)}" if hosts and word != "unchanged" else ""
            self.stdout.write(f"{word:<10}{len(hosts):>6}{shown}")


def _listed(hosts: list[str]) -> str:
    rest = len(hosts) - SHOWN
    return ", ".join(hosts[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")
