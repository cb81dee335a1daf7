"""Launch a playbook and watch it: live lines, and the job's result as the exit status."""

import json
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.terminal import acting_user
from automation.ansi import plain
from automation.models import Job, Playbook, Run
from inventory.models import Credential, Server
from schema.exceptions import Refused

POLL_SECONDS = 0.3
COLOURS = {"success": "SUCCESS", "failed": "ERROR", "cancelled": "WARNING"}


class Command(BaseCommand):
    help = (
        "Launch a registered playbook through the queue and show its lines as they come. "
        "Ctrl-C leaves it running. Exit status: 0 success, 1 refused, 2 failed, 3 cancelled."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("playbook", help="the playbook's name")
        parser.add_argument(
            "--server", action="append", required=True, help="a host name; may be repeated"
        )
        parser.add_argument(
            "--credential", metavar="NAME", help="log in with it, and not as the servers say"
        )
        parser.add_argument("--extra-vars", default="{}", metavar="JSON", help="a JSON object")
        parser.add_argument("--user", help="who launches (default: the first active admin)")
        parser.add_argument("--check", action="store_true", help="change nothing, say what would")
        parser.add_argument("--diff", action="store_true", help="show what changes in files")
        parser.add_argument("--tags", default="", help="only tasks with these tags")
        parser.add_argument("--skip-tags", default="", help="no tasks with these tags")
        parser.add_argument("--become", action="store_true", help="run as root on the server")
        parser.add_argument("--forks", type=int, default=5, help="servers at the same time")
        parser.add_argument("--no-wait", action="store_true", help="launch and return at once")
        # manage.py's own --verbosity says how much Django talks; this one is Ansible's.
        parser.add_argument("--ansible-verbosity", type=int, default=0, choices=range(5))

    def handle(self, *args: Any, **options: Any) -> None:
        run = self._launched(options)
        jobs = list(run.jobs.select_related("server").order_by("id"))
        for job in jobs:
            self.stdout.write(f"Job {job.job_id} on {job.server} is {job.status}.")
        if options["no_wait"]:
            return
        try:
            self._follow(run, jobs)
        except KeyboardInterrupt:
            self.stderr.write(f"\nStill running: {jobs[0].job_id}. `cancel_job` ends it.")
            sys.exit(130)
        sys.exit(self._result(run))

    def _launched(self, options: dict[str, Any]) -> Run:
        try:
            return self._playbook(options["playbook"]).launch(
                acting_user(options["user"]),
                self._servers(options["server"]),
                extra_vars=self._variables(options["extra_vars"]),
                credential=self._credential(options["credential"]),
                check_mode=options["check"],
                diff_mode=options["diff"],
                tags=options["tags"],
                skip_tags=options["skip_tags"],
                become=options["become"],
                forks=options["forks"],
                verbosity=options["ansible_verbosity"],
            )
        except (Refused, PermissionDenied) as error:
            raise CommandError(str(error)) from None
        except ValidationError as error:
            raise CommandError("\n".join(_said(error))) from None

    def _follow(self, run: Run, jobs: list[Job]) -> None:
        """Print each job's lines as they come, until the run has ended and nothing is left."""
        shown = dict.fromkeys((job.pk for job in jobs), 0)
        waiting_said = False
        while True:
            run.refresh_from_db()
            finished = run.state == Run.State.FINISHED
            printed = [self._print_new(job, shown, prefix=len(jobs) > 1) for job in jobs]
            if finished and not any(printed):
                return
            if run.state == Run.State.PENDING and not waiting_said:
                waiting_said = self._say_what_it_waits_for(run)
            if not any(printed):
                time.sleep(POLL_SECONDS)

    def _print_new(self, job: Job, shown: dict[int, int], *, prefix: bool) -> bool:
        lines = list(job.lines(after=shown[job.pk]))
        for line in lines:
            content = line.content if self.stdout.isatty() else plain(line.content)
            self.stdout.write(f"{job.server}: {content}" if prefix else content)
        if lines:
            shown[job.pk] = lines[-1].line_number
            self.stdout.flush()
        return bool(lines)

    def _say_what_it_waits_for(self, run: Run) -> bool:
        reasons = run.waits_for()
        if reasons:
            self.stdout.write(f"It waits: {'; '.join(reasons)}.")
        return bool(reasons)

    def _result(self, run: Run) -> int:
        jobs = list(run.jobs.select_related("server").order_by("id"))
        for job in jobs:
            style = getattr(self.style, COLOURS[job.status])
            took = f" after {job.duration.total_seconds():.1f} s" if job.duration else ""
            self.stdout.write(style(f"{job.server}: {job.get_status_display()}{took}"))
            if job.error_message:
                self.stdout.write(style(job.error_message))
        statuses = {job.status for job in jobs}
        if Job.Status.FAILED in statuses:
            return 2
        return 3 if Job.Status.CANCELLED in statuses else 0

    @staticmethod
    def _playbook(name: str) -> Playbook:
        try:
            return Playbook.objects.get(name=name)
        except Playbook.DoesNotExist:
            known = ", ".join(Playbook.objects.active().values_list("name", flat=True)[:20])
            raise CommandError(f"There is no playbook “{name}”. There are: {known}.") from None

    @staticmethod
    def _servers(names: list[str]) -> list[Server]:
        servers = list(Server.objects.filter(hostname__in=[name.lower() for name in names]))
        missing = {name.lower() for name in names} - {server.hostname for server in servers}
        if missing:
            raise CommandError(f"There is no server “{'”, “'.join(sorted(missing))}”.")
        return servers

    @staticmethod
    def _credential(name: str | None) -> Credential | None:
        if not name:
            return None
        try:
            return Credential.objects.get(name=name)
        except Credential.DoesNotExist:
            known = ", ".join(Credential.objects.active().values_list("name", flat=True)[:20])
            raise CommandError(f"There is no credential “{name}”. There are: {known}.") from None

    @staticmethod
    def _variables(text: str) -> Any:
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            raise CommandError(f"--extra-vars is no JSON: {error}.") from None


def _said(error: ValidationError) -> list[str]:
    """One line a message, with the field's name before it."""
    if not hasattr(error, "error_dict"):
        return error.messages
    return [f"{name}: {' '.join(messages)}" for name, messages in error.message_dict.items()]
