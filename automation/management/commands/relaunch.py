"""Relaunch a job's run and follow it, as run_playbook does."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from accounts.terminal import acting_user
from automation.launching import Launch, Only, launch_from
from automation.launching.following import LaunchingCommand, parse_extra_vars, refusals_in_words
from automation.models import Job


class Command(LaunchingCommand):
    help = (
        "Relaunch the run that a job belongs to, on all of its servers or only on those where it "
        "did not succeed. Options and variables stay the same unless given. Skipped servers are "
        "left out. Exit status: 0 success, 1 refused, 2 failed, 3 cancelled, 4 skipped: no play "
        "targets the servers."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("job_id", help="the UUID that the job page shows")
        parser.add_argument("--only", choices=Only.values, help="servers to relaunch on")
        super().add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        with refusals_in_words():
            actor = acting_user(options["user"])
            run = self.launch(actor, lambda: self._build(options), options)
        if run is not None:
            self.stdout.write(f"Run {run.pk} is a relaunch of run {run.relaunch_of_id}.")
            self.follow(run, wait=not options["no_wait"], for_worker=options["wait_for_worker"])

    def _build(self, options: dict[str, Any]) -> Launch:
        job, values = self._job(options["job_id"]), parse_extra_vars(options["extra_vars"])
        launch = launch_from(job.run, only=options["only"], extra_vars=values)
        return self.with_options(launch, options)

    @staticmethod
    def _job(job_id: str) -> Job:
        try:
            return Job.objects.select_related("run__playbook").get(job_id=job_id)
        except (Job.DoesNotExist, ValidationError):
            raise CommandError(f"There is no job “{job_id}”.") from None
