"""Register the playbooks in the playbook folder."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from accounts.terminal import acting_user
from audit.context import acting_as
from automation.importing import PlaybookImport, import_playbooks
from automation.models import Playbook

WORDS = {
    "added": "added",
    "accepted": "accepted",
    "changed": "changed on disk",
    "missing": "missing",
    "unchanged": "unchanged",
    "refused": "refused",
}


class Command(BaseCommand):
    help = (
        "Register every playbook below PLAYBOOK_ROOT that is not registered yet, with its name, "
        "description and prompts, and list registered files that have changed or are missing. "
        "A changed file cannot be launched until an admin accepts it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--accept", action="store_true", help="accept changed files")
        parser.add_argument(
            "--user", help="the admin who accepts (default: the first active admin)"
        )
        parser.add_argument(
            "--undeclared-variables",
            action="store_true",
            help="let new playbooks that declare no variables accept any",
        )
        parser.add_argument(
            "--working-directory",
            default="",
            metavar="FOLDER",
            help="where runs of new playbooks start, below PLAYBOOK_ROOT (default: the nearest "
            "folder with an ansible.cfg)",
        )
        parser.add_argument(
            "--runs-localhost",
            action="store_true",
            help="let new playbooks run their plays for localhost in every launch, on the worker "
            "itself (default: only in launches on a whole inventory)",
        )
        parser.add_argument("--dry-run", action="store_true", help="show what would be done")

    def handle(self, *args: Any, **options: Any) -> None:
        root = Path(settings.PLAYBOOK_ROOT)
        if not root.is_dir():
            raise CommandError(f"There is no folder {root} (PLAYBOOK_ROOT).")
        user = self._user(options)
        with acting_as(user):
            try:
                report = import_playbooks(
                    root,
                    accept_as=user if options["accept"] else None,
                    accepts_undeclared=options["undeclared_variables"],
                    working_directory=options["working_directory"],
                    runs_localhost=options["runs_localhost"],
                    dry_run=options["dry_run"],
                )
            except PermissionDenied as error:
                raise CommandError(str(error)) from None
        self._say(report, dry_run=options["dry_run"])

    @staticmethod
    def _user(options: dict[str, Any]) -> User | None:
        """The acting user, if needed.

        Registering needs none: a new installation has no users yet.
        """
        return acting_user(options["user"]) if options["accept"] or options["user"] else None

    def _say(self, report: PlaybookImport, *, dry_run: bool) -> None:
        for file_path, reason in report.refused.items():
            self.stdout.write(self.style.ERROR(f"Refused: {file_path}: {reason}"))
        for file_path, sentences in report.warnings.items():
            self.stdout.write(self.style.WARNING(f"{file_path}: {' '.join(sentences)}"))
        if dry_run:
            self.stdout.write("Dry run: nothing was written. Would be:")
        for name, word in WORDS.items():
            files = list(getattr(report, name))
            shown = f"  {', '.join(files)}" if files and name != "unchanged" else ""
            self.stdout.write(f"{word:<16}{len(files):>6}{shown}")
        self._list_undeclared()

    def _list_undeclared(self) -> None:
        names = Playbook.objects.accepting_undeclared().values_list("name", flat=True)
        if names:
            said = f"Accept undeclared variables: {', '.join(names)}"
            self.stdout.write(self.style.WARNING(said))
