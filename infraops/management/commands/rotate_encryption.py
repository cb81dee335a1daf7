"""Encrypt every stored secret with the first of ENCRYPTION_KEYS."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from infraops.rotation import RotationReport, rotate


class Command(BaseCommand):
    help = (
        "Encrypt every stored secret (credentials, vault passwords, secret variables of servers, "
        "runs and jobs) with the first key of ENCRYPTION_KEYS. Put a new key in front, restart the "
        "console and the workers, run this, then remove the old key. It may be interrupted and run "
        "again. "
        "Exit status 1 when a secret cannot be decrypted: these are listed and left unchanged."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="show what would be done")

    def handle(self, *args: Any, **options: Any) -> None:
        dry_run = options["dry_run"]
        report = rotate(dry_run=dry_run)
        self._tell(report, "Would be re-encrypted" if dry_run else "Re-encrypted")
        if report.lost:
            named = "\n".join(f"  {name}" for name in report.lost)
            raise CommandError(
                f"No key decrypts these:\n{named}\nPut their key back into ENCRYPTION_KEYS, or "
                "enter the secrets again."
            )

    def _tell(self, report: RotationReport, done: str) -> None:
        if not (report.anew or report.current):
            self.stdout.write("There are no secrets to encrypt.")
        for table, count in report.anew.items():
            self.stdout.write(f"{done}: {count} in {table}.")
        for table, count in report.current.items():
            self.stdout.write(f"Already under the first key: {count} in {table}.")
