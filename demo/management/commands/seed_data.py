"""Generate a fleet with weeks of history, to try out the console and to measure it."""

import dataclasses
import secrets
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from accounts.models import User
from demo import making
from demo.catalogue import FOLDER
from demo.scale import SCALES, Scale

ADMIN = "demo"


class Command(BaseCommand):
    help = (
        "Fill an empty database with a made-up fleet and its weeks of work: servers with facts, "
        "playbooks, runs, jobs, log lines, tickets, audit lines and users of each role. It needs "
        "a database without servers, playbooks and runs, and leaves any other alone. A second "
        "call does nothing. The servers' addresses (198.18.0.0/15) are reserved for tests: "
        "nothing answers there."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--scale",
            choices=SCALES,
            default="small",
            help="small: 60 servers, 400 jobs. large: 10,000 servers, 100,000 jobs, over a "
            "million lines; some minutes",
        )
        parser.add_argument(
            "--jobs", type=int, help="number of jobs instead; only the newest have output"
        )
        parser.add_argument(
            "--seed", type=int, default=1, help="random seed: another number makes another fleet"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if line := making.was_seeded():
            self.stdout.write(
                f"Already seeded on {line.timestamp:%Y-%m-%d at %H:%M} UTC. Nothing was done."
            )
            return
        if found := making.what_is_there():
            raise CommandError(
                f"{self._database()} already has {found}, and made-up rows could not be told from "
                "them afterwards. Nothing was done. Use an empty database instead:\n\n"
                "    export DATABASE_URL=sqlite:////tmp/infraops-try.sqlite3\n"
                "    python manage.py migrate && python manage.py seed_data"
            )
        started = time.monotonic()
        counts = making.seed(self._scale(options), options["seed"], self._say)
        password = self._add_admin()
        self._farewell(counts, password, time.monotonic() - started)

    @staticmethod
    def _scale(options: dict[str, Any]) -> Scale:
        scale = SCALES[options["scale"]]
        if options["jobs"] is None:
            return scale
        if options["jobs"] < 1:
            raise CommandError("--jobs: at least one.")
        return dataclasses.replace(scale, jobs=options["jobs"])

    @staticmethod
    def _database() -> str:
        return f"The database “{connection.settings_dict['NAME']}”"

    def _say(self, text: str) -> None:
        self.stdout.write(self.style.MIGRATE_HEADING(f"==> {text}"))

    @staticmethod
    def _add_admin() -> str | None:
        """Create an admin and return the password; None if an admin can log in already."""
        can_log_in = (user.has_usable_password() for user in User.objects.admins())
        if any(can_log_in):
            return None
        password = secrets.token_urlsafe(12)
        User.objects.create_superuser(ADMIN, f"{ADMIN}@localhost.localdomain", password)
        return password

    def _farewell(self, counts: dict[str, int], password: str | None, seconds: float) -> None:
        made = ", ".join(f"{count:,} {name}" for name, count in counts.items())
        self.stdout.write(f"\nIt took {seconds:.0f} s: {made}.\n")
        self.stdout.write(
            "A few runs are shown as running or waiting, though no worker has them. The first "
            "worker that starts ends the running ones as lost after a minute and tries the others, "
            "whose servers cannot be reached.\n"
        )
        folder = Path(settings.PLAYBOOK_ROOT) / FOLDER
        self.stdout.write(
            f"The playbooks' files are in {folder}, which import_playbooks passes over. "
            "Delete that folder when you no longer need them.\n\n"
        )
        login = f"    Admin     {ADMIN}\n    Password  {password}\n" if password else ""
        self.stdout.write(f"{login}    make run  runs the console and a worker until Ctrl-C\n")
