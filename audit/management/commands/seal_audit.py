"""Seal the audit trail now, as the schedule does every five minutes."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.models import AuditLog
from audit.seals.sealing import SealingStopped, seal_trail

RESUME = " Once you know why, `seal_audit --resume` seals what follows."


class Command(BaseCommand):
    help = (
        "Seal all audit lines older than a minute, and write the heads of the seals to "
        "AUDIT_HEADS_FILE and the system log. Workers do this every five minutes. It may be "
        "interrupted and run again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--resume",
            action="store_true",
            help="go on after a seal that was changed or is not signed; recorded in the trail",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = seal_trail(resume=options["resume"])
        except SealingStopped as error:
            further = "" if options["resume"] else RESUME
            raise CommandError(f"{error}\nRun `manage.py verify_audit`.{further}") from None
        if options["resume"]:
            AuditLog.objects.record("audit.sealing_resumed", up_to=done.up_to)
        if done.seals:
            seals = "1 seal" if done.seals == 1 else f"{done.seals:,} seals"
            self.stdout.write(f"{done.lines:,} lines in {seals}, up to line {done.up_to}.")
        else:
            self.stdout.write("Nothing to seal: younger lines are sealed after a minute.")
        if done.is_waiting:
            self.stdout.write("The next lines are still being written; they are sealed next time.")
        if done.heads_error:
            raise CommandError(f"Their heads are missing outside the database. {done.heads_error}")
