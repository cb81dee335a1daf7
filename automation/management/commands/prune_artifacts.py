"""Delete the artifacts of runs that finished long ago."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.terminal import acting_user
from automation.models import RunArtifact


class Command(BaseCommand):
    help = (
        "Delete the artifacts of runs that finished more than so many days ago, files and all. The "
        "runs, their logs and their results stay. Run it where STATE_ROOT is."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--days", type=int, required=True, metavar="N", help="at least 1")
        parser.add_argument("--user", help="who deletes them (default: the first active admin)")
        parser.add_argument("--dry-run", action="store_true", help="only count them")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["days"] <= 36_500:
            raise CommandError("--days: from 1 to 36500.")
        moment = timezone.now() - timedelta(days=options["days"])
        if options["dry_run"]:
            count = RunArtifact.objects.older_than(moment).count()
            self.stdout.write(f"Dry run: {count} artifacts would be deleted.")
            return
        count = RunArtifact.objects.prune(moment, acting_user(options["user"]))
        self.stdout.write(f"{count} artifacts deleted.")
