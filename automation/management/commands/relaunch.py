"""Relaunch a job's run and follow it, as run_playbook does."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from accounts.terminal import acting_user
from automation import launching
from automation.launching import Only, launch_from
from automation.launching.following import LaunchingCommand, parse_extra_vars, refusals_in_words
from automation.models import Job


class Command(LaunchingCommand):
    help = (
        "Repeat the run of a job, on all its servers or only on those where it "
        "failed, with the same options and variables except those given here. Servers that "
        "were skipped are left out. Exit status: 0 success, 1 refused, 2 failed, 3 cancelled, "
        "4 skipped (no play targets the servers)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("job_id", help="the job's UUID, shown on its page")
        parser.add_argument("--only", choices=Only.values, help="which of its servers")
        super().add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        job = self._job(options["job_id"])
        with refusals_in_words():
            actor, values = acting_user(options["user"]), parse_extra_vars(options["extra_vars"])
            launch = launch_from(job.run, only=options["only"], extra_vars=values)
            run = launching.launch(actor, self.with_options(launch, options)).run
        self.stdout.write(f"Run {run.pk} repeats run {job.run_id}.")
        self.follow(run, wait=not options["no_wait"], for_worker=options["wait_for_worker"])

    @staticmethod
    def _job(job_id: str) -> Job:
        try:
            return Job.objects.select_related("run__playbook").get(job_id=job_id)
        except (Job.DoesNotExist, ValidationError):
            raise CommandError(f"There is no job “{job_id}”.") from None
