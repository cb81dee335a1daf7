"""Shared by the commands that launch: follow a run in the terminal, and report its outcome."""

import json
import re
import sys
import time
from argparse import ArgumentParser, ArgumentTypeError, BooleanOptionalAction
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import User
from automation import launching
from automation.ansi import plain
from automation.models import Job, Run, Worker
from automation.models.runs import WHY_UNMASKED
from automation.models.waiting import blockers
from inventory.models import Credential
from schema.exceptions import Refused
from schema.retrying import insisting

from .digests import PlanChanged, name_changes
from .intentions import Intention
from .launches import Launch

POLL_SECONDS = 0.3
NOTHING_TO_DO = "Nothing to do: no task ran on this server."
COLOURS = {
    "success": "SUCCESS",
    "failed": "ERROR",
    "cancelled": "WARNING",
    "skipped": "HTTP_NOT_MODIFIED",
}


class LaunchingCommand(BaseCommand):
    """Exit status: 0 success, 1 refused, 2 failed, 3 cancelled, 4 all servers skipped."""

    _patience: timedelta
    _worker_at: datetime  # when a worker was last alive

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", help="who launches (default: the first active admin)")
        parser.add_argument("--no-wait", action="store_true", help="launch and return at once")
        parser.add_argument(
            "--wait-for-worker",
            type=int,
            default=60,
            metavar="SECONDS",
            help="stop following after this long without a live worker (default: 60)",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="run all checks, show the plan, launch nothing"
        )
        parser.add_argument(
            "--expect",
            type=digest,
            metavar="DIGEST",
            help="launch only if exactly this would run: the digest that --dry-run prints",
        )
        parser.add_argument(
            "--yes",
            action="store_true",
            help="skip the confirmation (asked on a terminal for several servers or production)",
        )
        self._add_launch_options(parser)

    @staticmethod
    def _add_launch_options(parser: ArgumentParser) -> None:
        """Add the options; each is None unless given."""
        options = parser.add_argument_group("run options")
        options.add_argument(
            "--reason",
            default="",
            help="recorded in the audit trail; from an admin, overrides checks that allow it",
        )
        on_or_off: Any = {"action": BooleanOptionalAction}
        options.add_argument(
            "--credential", metavar="NAME", help="credential to use instead of the servers' own"
        )
        options.add_argument("--extra-vars", metavar="JSON", help="a JSON object")
        options.add_argument("--check", help="report changes without making them", **on_or_off)
        options.add_argument("--diff", help="show what changes in files", **on_or_off)
        options.add_argument("--tags", help="only tasks with these tags, comma-separated")
        options.add_argument("--skip-tags", help="skip tasks with these tags, comma-separated")
        options.add_argument("--start-at-task", metavar="NAME", help="skip the tasks before it")
        options.add_argument(
            "--become", help="run tasks as another user, by default root", **on_or_off
        )
        options.add_argument(
            "--forks",
            type=int,
            help="servers at the same time (default: that of ansible.cfg, or 5)",
        )
        options.add_argument("--deadline", type=int, metavar="SECONDS", help="stop after this long")
        options.add_argument(
            "--idle-deadline",
            type=int,
            metavar="SECONDS",
            help="stop after this long without output",
        )
        # manage.py's own --verbosity is Django's; this one is Ansible's.
        options.add_argument("--ansible-verbosity", type=int, choices=range(5))

    def launch(
        self, actor: User, build: Callable[[], Launch], options: dict[str, Any]
    ) -> Run | None:
        """Show the plan, ask if necessary, and launch what was shown; None for a dry run.

        `build` reads everything again, as time passes until somebody answers.
        """
        intention = self._rehearse(actor, replace(build(), expect=options["expect"] or ""))
        self.stdout.write("\n".join(intention.words))
        if options["dry_run"]:
            self.stdout.write(f"{intention.command}\nDigest: {intention.digest}")
            self.stdout.write("Nothing was launched.")
            return None
        if not options["yes"] and not options["expect"]:
            self._ask(intention)
        try:
            return launching.launch(actor, replace(build(), expect=intention.digest)).run
        except PlanChanged as changed:
            raise CommandError(_plan_changed(changed, intention)) from None

    @staticmethod
    def _rehearse(actor: User, launch: Launch) -> Intention:
        try:
            return launching.rehearse(actor, launch)
        except PlanChanged as changed:
            raise CommandError(_plan_changed(changed)) from None

    def _ask(self, intention: Intention) -> None:
        """Ask if there is a terminal, and several servers or production are affected."""
        is_small = len(intention.servers) == 1 and not intention.production
        if is_small or not sys.stdin.isatty():
            return
        self.stdout.flush()
        try:
            answer = input(f"{intention.question} [y/N] ")
        except (EOFError, KeyboardInterrupt):
            answer = ""
        if answer.strip().lower() not in ("y", "yes"):
            raise CommandError("Nothing was launched.")

    @staticmethod
    def with_options(launch: Launch, options: dict[str, Any]) -> Launch:
        """The launch with the given options, except for variables."""
        given = {
            "reason": options["reason"],
            "credential": credential_named(options["credential"]),
            "check_mode": options["check"],
            "diff_mode": options["diff"],
            "tags": options["tags"],
            "skip_tags": options["skip_tags"],
            "start_at_task": options["start_at_task"],
            "become": options["become"],
            "forks": options["forks"],
            "verbosity": options["ansible_verbosity"],
            "deadline_seconds": options["deadline"],
            "idle_deadline_seconds": options["idle_deadline"],
        }
        return replace(launch, **{k: value for k, value in given.items() if value is not None})

    def follow(self, run: Run, *, wait: bool, for_worker: int) -> None:
        """Print the jobs, then their lines until the run has ended, and exit with its status.

        Waits while the database is down, as the run goes on as well.
        """
        self._patience = timedelta(seconds=for_worker)
        self._worker_at = timezone.now()
        jobs = _jobs_of(run)
        for job in jobs:
            self.stdout.write(f"Job {job.job_id} on {job.server} is {job.status}.")
        self._say_held(run)
        if not wait:
            return
        try:
            self._show_lines(run, jobs)
        except KeyboardInterrupt:
            self.stderr.write(f"\nStill running: {jobs[0].job_id}. `cancel_job` cancels it.")
            sys.exit(130)
        sys.exit(self._result(run))

    def _show_lines(self, run: Run, jobs: list[Job]) -> None:
        """Print each job's new lines until the run has ended and none are left."""
        shown = dict.fromkeys((job.pk for job in jobs), 0)
        waiting_said, held = False, run.held_words
        while True:
            insisting(run.refresh_from_db)
            finished = run.state == Run.State.FINISHED
            printed = [self._print_new(job, shown, prefix=len(jobs) > 1) for job in jobs]
            if finished and not any(printed):
                return
            if run.state == Run.State.PENDING:
                insisting(lambda: self._refuse_to_wait_for_nobody(jobs))
                if run.held_words != held:
                    held = self._say_held(run)
                if not held:
                    waiting_said = waiting_said or self._say_what_it_waits_for(run)
            if not any(printed):
                time.sleep(POLL_SECONDS)

    def _refuse_to_wait_for_nobody(self, jobs: list[Job]) -> None:
        """Raise CommandError if no worker has been alive for as long as we are to wait for one."""
        now = timezone.now()
        if Worker.objects.alive().exists():
            self._worker_at = now
        elif now - self._worker_at >= self._patience:
            raise CommandError(
                f"No worker has been seen for {self._patience.seconds} s. Start one with "
                f"`manage.py run_worker` and the run starts. `cancel_job {jobs[0].job_id}` "
                "cancels it."
            )

    def _print_new(self, job: Job, shown: dict[int, int], *, prefix: bool) -> bool:
        lines = insisting(lambda: list(job.lines(after=shown[job.pk])))
        for line in lines:
            content = line.content if self.stdout.isatty() else plain(line.content)
            self.stdout.write(f"{job.server}: {content}" if prefix else content)
        if lines:
            shown[job.pk] = lines[-1].line_number
            self.stdout.flush()
        return bool(lines)

    def _say_held(self, run: Run) -> str:
        if run.is_held:
            self.stdout.write(run.held_words)
        return run.held_words

    def _say_what_it_waits_for(self, run: Run) -> bool:
        reasons = insisting(lambda: blockers(run))
        if reasons:
            self.stdout.write(f"Waiting: {' '.join(reasons)}")
        return bool(reasons)

    def _result(self, run: Run) -> int:
        jobs = _jobs_of(run)
        for job in jobs:
            style = getattr(self.style, COLOURS[job.status])
            took = f" after {job.duration.total_seconds():.1f} s" if job.duration else ""
            self.stdout.write(style(f"{job.server}: {job.get_status_display()}{took}"))
            if said := job.error_message or (NOTHING_TO_DO if job.had_nothing_to_do else ""):
                self.stdout.write(style(said))
        self._tell_of_the_run(run)
        return exit_status({*(job.status for job in jobs), run.outcome})

    def _tell_of_the_run(self, run: Run) -> None:
        """Print how it ended on hosts without a job, plays that ran on none, unmasked secrets."""
        for each in run.other_hosts:
            style = getattr(self.style, COLOURS[each["status"]])
            where = "on the worker" if each["kind"] == "controller" else "added by a task"
            self.stdout.write(style(f"{each['host']} ({where}): {each['status'].capitalize()}"))
            if each["message"]:
                self.stdout.write(style(each["message"]))
        for play in run.idle_plays:
            where = f"hosts: {play['hosts']}, {play['place']}"
            self.stdout.write(f"Play “{play['play']}” ({where}) did not run: {play['reason']}.")
        if run.unmasked:
            names = ", ".join(run.unmasked)
            self.stdout.write(self.style.WARNING(f"Not masked: {names} — {WHY_UNMASKED}"))


def _jobs_of(run: Run) -> list[Job]:
    return insisting(lambda: list(run.jobs.select_related("server").order_by("id")))


def exit_status(statuses: Collection[str]) -> int:
    """The exit status for a run's jobs: the worst counts."""
    if Job.Status.FAILED in statuses:
        return 2
    if Job.Status.CANCELLED in statuses:
        return 3
    return 4 if set(statuses) == {Job.Status.SKIPPED} else 0


@contextmanager
def refusals_in_words() -> Iterator[None]:
    """Turn exceptions of a launch into the command's own error."""
    try:
        yield
    except (Refused, PermissionDenied) as error:
        raise CommandError(str(error)) from None
    except ValidationError as error:
        raise CommandError("\n".join(_said(error))) from None


def credential_named(name: str | None) -> Credential | None:
    """The credential named by --credential. Raises CommandError."""
    if not name:
        return None
    try:
        return Credential.objects.get(name=name)
    except Credential.DoesNotExist:
        known = ", ".join(Credential.objects.active().values_list("name", flat=True)[:20])
        raise CommandError(f"There is no credential “{name}”. There are: {known}.") from None


def digest(text: str) -> str:
    """The value of --expect. An empty one, as of an unset variable in a script, is none."""
    if not re.fullmatch("[0-9a-f]{64}", text):
        raise ArgumentTypeError("a digest has 64 hexadecimal digits")
    return text


def parse_extra_vars(text: str | None) -> Any:
    """The value of --extra-vars; {} if it is not given. Raises CommandError."""
    if text is None:
        return {}
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CommandError(f"--extra-vars is not valid JSON: {error}.") from None


def _plan_changed(changed: PlanChanged, shown: Intention | None = None) -> str:
    """What has changed, as far as that is known, and what would run now."""
    now = changed.intention
    changes = name_changes(shown.contents if shown else None, now.contents, str(now.run.playbook))
    expected = "what you were asked about" if shown else "--expect"
    said = [f"Nothing was launched: what would run differs from {expected}.", *changes]
    return "\n".join([*said, "Now:", *now.words, f"Digest: {now.digest}"])


def _said(error: ValidationError) -> list[str]:
    """One line per message, prefixed with the field's name."""
    if not hasattr(error, "error_dict"):
        return error.messages
    return [f"{name}: {' '.join(messages)}" for name, messages in error.message_dict.items()]
