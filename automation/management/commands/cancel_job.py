"""Cancel a job's run."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.terminal import acting_user
from automation.models import Job


class Command(BaseCommand):
    help = "Cancel a pending or running job, and with it all jobs of the same run."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("job_id", help="the job's UUID, shown on its page")
        parser.add_argument("--user", help="acting user (default: the first active admin)")

    def handle(self, *args: Any, **options: Any) -> None:
        job = self._job(options["job_id"])
        if not job.cancel(acting_user(options["user"])):
            raise CommandError(f"{job} has already finished: {job.get_status_display()}.")
        job.refresh_from_db()
        self.stdout.write(f"{job}: {'stopping' if job.is_active else job.get_status_display()}.")

    @staticmethod
    def _job(job_id: str) -> Job:
        try:
            return Job.objects.recent().get(job_id=job_id)
        except (Job.DoesNotExist, ValidationError):
            raise CommandError(f"There is no job “{job_id}”.") from None
