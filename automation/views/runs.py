"""What one does to a run: stop it, and do it once more."""

from dataclasses import replace
from functools import partial
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from accounts.signed_in import signed_in
from automation import launching
from automation.launching import Launched, Only, launch_from
from automation.launching.relaunching import choices
from automation.models import Job, Run
from console.lists import call_each, reason
from console.objects import row_key
from inventory.models import Server
from schema.exceptions import Refused

RELAUNCHES = 20

launchers_only = permission_required("automation.launch_playbook", raise_exception=True)
cancellers_only = permission_required("automation.cancel_job", raise_exception=True)


@require_POST
@cancellers_only
def run_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    return cancel(request, get_object_or_404(Run.objects.select_related("playbook"), pk=pk))


@require_POST
@launchers_only
def run_relaunch(request: HttpRequest, pk: int) -> HttpResponse:
    """Do a run once more as it was, on all of its servers or `only` some; `server` names one."""
    run = get_object_or_404(Run.objects.select_related("playbook"), pk=pk)
    only, key, server = (request.POST.get(name, "") for name in ("only", "key", "server"))
    if only and only not in Only.values:
        raise Http404("There is no such choice of servers.")
    one = Server.objects.filter(jobs__run=run)
    named = [get_object_or_404(one, pk=row_key(server))] if server else []
    try:
        launch = launch_from(run, only=only or None, servers=named)
        launched = launching.launch(signed_in(request), replace(launch, idempotency_key=key[:64]))
    except (Refused, ValidationError) as error:
        messages.error(request, f"Nothing was launched. {_told(error)}")
        return redirect(run)
    return redirect_to_launched(request, launched)


# --- Used by the other pages and by the admin -----------------------------------------------------


def cancel(request: HttpRequest, row: Job | Run) -> HttpResponse:
    call_each(
        request,
        [row],
        lambda row: row.cancel(signed_in(request)),
        done="Cancelling",
        unchanged="Had ended, or was being cancelled",
    )
    return redirect(row)


def redirect_to_launched(request: HttpRequest, launched: Launched) -> HttpResponse:
    run, is_new = launched
    if is_new:
        messages.success(request, f"Launched {run.playbook}.")
    else:
        messages.info(request, "This was launched already. Here is the run.")
    return redirect(only_job(run) or run)


def _told(error: Refused | ValidationError) -> str:
    """With the names of the variables that cannot be used any more."""
    if hasattr(error, "message_dict"):
        said = [f"{name}: {' '.join(told)}" for name, told in error.message_dict.items()]
        return f"{' '.join(said)} Choose “Edit” to fix it."
    return reason(error)


def only_job(run: Run) -> Job | None:
    """The job of a run that has just one: its page then says more than the run's."""
    jobs = list(run.jobs.all()[:2])
    return jobs[0] if len(jobs) == 1 else None


def relaunching_of(run: Run) -> dict[str, Any]:
    """What a page needs to relaunch a run, and the runs that repeat it. Nothing is asked for until
    a template shows it: most looks at a job find that nothing has changed."""
    return {
        "run": run,
        "relaunch_choices": partial(choices, run),
        "relaunch_key": uuid4().hex,
        "relaunches": run.relaunches.order_by("id")[:RELAUNCHES],
    }
