"""The confirmation questions before runs are cancelled or relaunched from the list of jobs."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from automation.models import Job, Run
from automation.reports.run_servers import ACTIVE, Target
from inventory.models import Server

NAMED = 10


def runs_of(jobs: QuerySet[Job]) -> list[Run]:
    """The jobs' runs without duplicates, newest first."""
    keys = set(jobs.order_by().values_list("run_id", flat=True))
    return list(Run.objects.filter(pk__in=keys).prefetch_related("playbook").order_by("-id"))


def describe_cancel(jobs: QuerySet[Job]) -> dict[str, Any]:
    """Cancelling stops whole runs: all of their servers count, not only the selected ones."""
    runs = [run for run in runs_of(jobs) if run.state != Run.State.FINISHED]
    active = Job.objects.filter(run__in=[run.pk for run in runs], status__in=ACTIVE)
    target = Target.of(Server.objects.filter(pk__in=active.values("server")))
    what = "this run" if len(runs) == 1 else f"{len(runs)} runs"
    if not runs:
        return {"question": "These have already finished: nothing to cancel.", "button": "Cancel"}
    return {
        "question": f"Cancel {what} on {target.words()}?",
        "button": f"Cancel {what} on {target.words()}",
        "is_production": target.is_production,
        "back_button": "Keep running",
        **_names(f"{run}: stops on all of its servers" for run in runs),
    }


def describe_relaunch(jobs: QuerySet[Job]) -> dict[str, Any]:
    """Relaunching runs on the servers of the selected jobs, run by run."""
    chosen = list(jobs.prefetch_related("playbook", "server").order_by("-run_id", "id"))
    target = Target.of(job.server for job in chosen)
    by_run: dict[int, list[Job]] = {}
    for job in chosen:
        by_run.setdefault(job.run_id, []).append(job)
    what = "this run" if len(by_run) == 1 else f"{len(by_run)} runs"
    return {
        "question": f"Relaunch {what} on {target.words()}?",
        "button": f"Relaunch {what} on {target.words()}",
        "is_production": target.is_production,
        **_names(_of_run(pk, same) for pk, same in by_run.items()),
    }


def _of_run(pk: int, jobs: list[Job]) -> str:
    return f"Run {pk} of {jobs[0].playbook} on {Target.of(job.server for job in jobs).words()}"


def _names(sentences: Iterable[str]) -> dict[str, Any]:
    said = list(sentences)
    return {"names": said[:NAMED], "more_names": max(0, len(said) - NAMED)}
