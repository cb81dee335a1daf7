"""Encrypt the secret variables of servers that were stored in clear."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from inventory.variable_sealing import seal_rows


class Command(BaseCommand):
    help = (
        "Encrypt the variables of servers that sound secret and were stored in clear by an earlier "
        "release. Run it once after the upgrade; /api/health says how many servers are left. "
        "It may be interrupted and run again, and the console and workers can run meanwhile. Exit "
        "status 1 when a secret cannot be decrypted, or servers were edited meanwhile."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="show what would be done")

    def handle(self, *args: Any, **options: Any) -> None:
        report = seal_rows(dry_run=options["dry_run"])
        done = "Would be encrypted" if options["dry_run"] else "Encrypted"
        self.stdout.write(f"{done}: {report.values} values of {report.servers} servers.")
        self.stdout.write(f"Nothing to encrypt: {report.unchanged} servers.")
        if report.skipped:
            raise CommandError(f"Edited meanwhile: {report.skipped} servers. Run it again.")
        if report.lost:
            raise CommandError(
                f"No key decrypts a variable of: {', '.join(report.lost)}. Put its key back into "
                "ENCRYPTION_KEYS, or enter the secret again."
            )
