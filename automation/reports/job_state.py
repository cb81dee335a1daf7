"""The header above a job's log: its state, its failure, how long it takes, how it was run."""

from functools import partial
from typing import Any

from automation.content.play_hosts import Play, plays_for
from automation.models import Job, JobLog, Run, TaskResult
from automation.models.options import OPTIONS
from automation.models.runs import WHY_UNMASKED
from automation.models.waiting import why_it_waits

from .advice import ADVICE
from .failing_source import Excerpt, excerpt_of
from .track_record import usual_seconds_on


def state_of(job: Job) -> dict[str, Any]:
    """What is polled, and so must be cheap. `state` changes whenever the header would."""
    waits_for = why_it_waits(job.run) if job.status == Job.Status.PENDING else []
    shown = "stopping" if job.is_active and job.run.cancel_requested_at else job.status
    return {
        "job": job,
        "shown_status": shown,
        "waits_for": waits_for,
        "state": "|".join([shown, *waits_for]),
    }


def header_of(job: Job) -> dict[str, Any]:
    """Everything that the header shows; `job` comes from `for_page`."""
    state = state_of(job)
    failure = failing_result(job)
    return {
        **state,
        "title": f"{state['shown_status'].capitalize()} · {job}",
        "heading": str(job),
        "advice": ADVICE.get(job.failure_kind, ""),
        "failing_line": failing_line(job),
        "failing_task": failure,
        "source": _source(job, failure),
        "usual_seconds": _usual_seconds(job),
        "variables": job.masked_extra_vars.items(),
        "options": given_options(job.run),
        "earlier": partial(_earlier, job),
        "plays": partial(plays_for_job, job),
        "why_unmasked": WHY_UNMASKED,
    }


def given_options(run: Run) -> list[tuple[str, Any]]:
    """The options by Ansible's flags: ("--check", "yes"), ("--tags", "web")."""
    credential = [("Credential", run.credential)] if run.credential else []
    return credential + [
        (OPTIONS[name], "yes" if value is True else value) for name, value in run.options().items()
    ]


def failing_line(job: Job) -> int | None:
    """The number of the first error line, the first place to look.

    Rescued and ignored failures are only warnings.
    """
    if job.status != Job.Status.FAILED:
        return None
    errors = job.logs.filter(log_level=JobLog.Level.ERROR).order_by("line_number")
    return errors.values_list("line_number", flat=True).first()


def failing_result(job: Job) -> TaskResult | None:
    """The result that failed the job: the first that was not rescued."""
    if job.status != Job.Status.FAILED:
        return None
    failures = (TaskResult.Status.FAILED, TaskResult.Status.UNREACHABLE)
    return job.task_results.filter(status__in=failures).order_by("number").first()


def plays_for_job(job: Job) -> list[Play]:
    """The plays in the playbook's file that matched its server; none if the file has changed."""
    if job.playbook.current_hash() != job.run.playbook_hash:
        return []
    return plays_for(job.playbook.file_path, job.server)


def _source(job: Job, failure: TaskResult | None) -> Excerpt | None:
    return excerpt_of(job, failure.path) if failure and failure.path else None


def _usual_seconds(job: Job) -> float | None:
    pair = job.playbook_id, job.server_id
    return usual_seconds_on([pair]).get(pair)


def _earlier(job: Job) -> Job | None:
    """The job on the same server in the run that this one relaunches."""
    if job.run.relaunch_of_id is None:
        return None
    return Job.objects.filter(run=job.run.relaunch_of_id, server=job.server_id).first()
