"""What a ticket says that opened itself."""

from collections.abc import Iterable
from textwrap import indent

from automation.ansi import plain
from automation.models import Job

CODE = "    "


def title_of(job: Job) -> str:
    what = job.failed_task or Job.FailureKind(job.failure_kind).label
    return f"{job.playbook} failed in {job.server.environment}: {what}"[:200]


def description_of(job: Job, last_lines: Iterable[str]) -> str:
    """In Markdown; what the playbook printed stays as it was."""
    lines = "\n".join(map(plain, last_lines))
    parts = [
        f"{job.playbook} failed on {job.server} ({job.server.environment}), "
        f"launched by {job.user}.",
        f"Failing task: {job.failed_task}" if job.failed_task else "",
        indent(job.error_message, CODE),
        f"Last lines:\n\n{indent(lines, CODE)}" if lines else "",
        f"[Job {job.job_id}]({job.get_absolute_url()})",
    ]
    return "\n\n".join(part for part in parts if part)
