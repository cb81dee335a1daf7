"""From nothing to a job that has really run, in one command."""

import secrets
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import User
from automation import children
from automation.models import Worker
from inventory.models import Server

ADMIN = "admin"
# This machine, without SSH, using the Python that runs InfraOps.
LOCALHOST = {
    "ip_address": "127.0.0.1",
    "description": "This machine, without SSH.",
    "variables": {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
    },
}


class Command(BaseCommand):
    help = "Migrate, seed, and run a real playbook as a real job through a real worker."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--playbook", default="health_report", help="what to run")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        self._say("Migrating the database")
        call_command("migrate", verbosity=0)
        self._say("Registering this machine and the playbooks")
        password = self._seed()
        self._say(f"Running “{options['playbook']}” on localhost through the queue\n")
        status = self._run(options["playbook"])
        self._farewell(password, time.monotonic() - started)
        raise SystemExit(status)

    def _say(self, text: str) -> None:
        self.stdout.write(self.style.MIGRATE_HEADING(f"==> {text}"))

    def _seed(self) -> str | None:
        """Create what is missing. Returns the password if an admin was created, otherwise None."""
        Server.objects.get_or_create(hostname="localhost", defaults=LOCALHOST)
        call_command("import_playbooks", stdout=self.stdout)
        if User.objects.filter(role=User.Role.ADMIN).exists():
            return None
        password = secrets.token_urlsafe(12)
        User.objects.create_superuser(ADMIN, "admin@localhost.localdomain", password)
        return password

    def _run(self, playbook: str) -> int:
        """Run the playbook with a worker of its own. Returns the exit status of run_playbook."""
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "worker.log"
            with children.worker(log) as worker:
                self._wait_for(worker, log)
                status = self._exit_status(playbook)
            if status:
                self.stderr.write(log.read_text()[-4000:])
        return status

    @staticmethod
    def _wait_for(worker: subprocess.Popen[bytes], log: Path) -> None:
        """Wait for the worker's first heartbeat. Raises CommandError if the worker ends instead."""
        since = timezone.now()
        while not Worker.objects.filter(seen_at__gte=since).exists():
            if worker.poll() is not None:
                raise CommandError(f"The worker did not start:\n{log.read_text()[-4000:]}")
            time.sleep(0.1)

    def _exit_status(self, playbook: str) -> int:
        try:
            call_command("run_playbook", playbook, "--server=localhost", stdout=self.stdout)
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    def _farewell(self, password: str | None, seconds: float) -> None:
        admin = User.objects.filter(role=User.Role.ADMIN, is_active=True).order_by("id").first()
        known = (
            password
            or "as it was (`.venv/bin/python manage.py create_admin --reset-password` sets one)"
        )
        self.stdout.write(
            f"\nIt took {seconds:.1f} s. The console:\n\n"
            f"    make run     runs the console and a worker until Ctrl-C\n"
            f"    URL          http://127.0.0.1:8000\n"
            f"    Admin        {admin}\n"
            f"    Password     {known}\n\n"
            "Then run “fail_on_purpose” there and look at the ticket it opens.\n"
        )
