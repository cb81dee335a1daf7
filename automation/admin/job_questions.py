"""The confirmation questions before runs are cancelled or relaunched from the list of jobs."""

import hashlib
from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.signed_in import signed_in
from automation import launching
from automation.models import Job, Run
from automation.reports.run_servers import Target
from inventory.models import Server, share_inventories
from schema.exceptions import Refused

NAMED = 10
NOT_RELAUNCHED = "None of these can be relaunched unchanged."


def runs_of(jobs: QuerySet[Job]) -> list[Run]:
    """The jobs' runs without duplicates, newest first."""
    keys = set(jobs.order_by().values_list("run_id", flat=True))
    return list(Run.objects.filter(pk__in=keys).prefetch_related("playbook").order_by("-id"))


def describe_cancel(request: HttpRequest, jobs: QuerySet[Job]) -> dict[str, Any]:
    """Cancelling stops whole runs: all of their servers count, not only the selected ones."""
    runs = [run for run in runs_of(jobs) if run.state != Run.State.FINISHED]
    active = Job.objects.active().filter(run__in=[run.pk for run in runs])
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


def describe_relaunch(request: HttpRequest, jobs: QuerySet[Job]) -> dict[str, Any]:
    """Relaunching runs on the servers of the selected jobs, run by run.

    Those that this user may not relaunch as they were come first, with the reason, and do not count
    among what the button relaunches.
    """
    by_run = chosen_by_run(jobs)
    actor = signed_in(request)
    refused = {run: said for run in by_run if (said := launching.relaunch_problem(run, actor))}
    allowed = {run: same for run, same in by_run.items() if run not in refused}
    target = Target.of(job.server for same in allowed.values() for job in same)
    what = "this run" if len(allowed) == 1 else f"{len(allowed)} runs"
    words = f"Relaunch {what} on {target.words()}"
    return {
        "question": f"{words}?" if allowed else NOT_RELAUNCHED,
        "button": words if allowed else "",
        "is_production": target.is_production,
        "expect": _digest_of(by_run),
        **_names(
            [
                *(f"{run}: not relaunched. {said}" for run, said in refused.items()),
                *(_of_run(run, same) for run, same in allowed.items()),
            ]
        ),
    }


def chosen_by_run(jobs: QuerySet[Job]) -> dict[Run, list[Job]]:
    """{run: its selected jobs}, newest run first."""
    rows = ("playbook", "server", "run__playbook", "run__credential")
    by_run: dict[Run, list[Job]] = {}
    for job in jobs.prefetch_related(*rows).order_by("-run_id", "id"):
        by_run.setdefault(job.run, []).append(job)
    return by_run


def _of_run(run: Run, jobs: list[Job]) -> str:
    return f"Run {run.pk} of {run.playbook} on {Target.of(job.server for job in jobs).words()}"


def _digest_of(by_run: dict[Run, list[Job]]) -> str:
    """The digest of what all of these relaunches would run."""
    share_inventories(job.server for jobs in by_run.values() for job in jobs)
    digests = [_digest_of_relaunch(run, jobs) for run, jobs in by_run.items()]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def _digest_of_relaunch(run: Run, jobs: list[Job]) -> str:
    try:
        launch = launching.launch_from(run, servers=[job.server for job in jobs])
    except Refused as error:
        return str(error)
    return f"{run.pk} {launching.digest_of_launch(launch)}"


def _names(sentences: Iterable[str]) -> dict[str, Any]:
    said = list(sentences)
    return {"names": said[:NAMED], "more_names": max(0, len(said) - NAMED)}
