"""Verify the audit trail against its seals and their heads."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from audit.models import AuditLog
from audit.seals.findings import Verification
from audit.seals.verifying import verify_trail

TAMPERED, UNKNOWN = 1, 2


class Command(BaseCommand):
    help = (
        "Compare the audit trail with its seals, with their heads outside the database, and with "
        "the triggers. Names the first line that was changed, removed, inserted or truncated. "
        "Exit status: 0 intact, 1 tampered with, 2 if that cannot be told."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--heads",
            type=Path,
            metavar="FILE",
            help="heads to compare with: a copy of AUDIT_HEADS_FILE, or lines of a system log; by "
            "default that file",
        )
        parser.add_argument(
            "--no-record", action="store_true", help="do not record the result in the trail"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        own = Path(settings.AUDIT_HEADS_FILE) if settings.AUDIT_HEADS_FILE else None
        try:
            found = verify_trail(options["heads"] or own)
            if not options["no_record"]:
                self._record(found)
        except DatabaseError as error:
            raise CommandError(f"The trail cannot be read: {error}", returncode=UNKNOWN) from None
        self.stdout.write(
            f"{found.lines:,} lines and {found.seals:,} seals read. {found.unsealed:,} lines are "
            "not sealed yet."
        )
        for note in found.notes:
            self.stdout.write(f"Note: {note}")
        self._conclude(found)

    def _conclude(self, found: Verification) -> None:
        texts = [finding.text for finding in found.findings]
        if found.more:
            texts.append(f"… and {found.more} more.")
        if texts:
            said = "\n".join(["TAMPERED WITH", *texts, *found.unknown])
            raise CommandError(said, returncode=TAMPERED)
        if found.unknown:
            raise CommandError("\n".join(["CANNOT TELL", *found.unknown]), returncode=UNKNOWN)
        self.stdout.write(self.style.SUCCESS("Intact."))

    @staticmethod
    def _record(found: Verification) -> None:
        first = found.findings[0].text if found.findings else ""
        AuditLog.objects.record(
            "audit.verified",
            status=found.status,
            finding=first,
            lines=found.lines,
            seals=found.seals,
            unsealed=found.unsealed,
        )
