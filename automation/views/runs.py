"""Buttons for a run: cancel and relaunch."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST

from accounts.signed_in import signed_in
from automation import launching
from automation.launching import Launch, Launched, Only, PlanChanged, launch_from
from automation.launching.digests import name_changes, read_signed
from automation.models import Job, Run
from automation.models.option_rules import ReservedOption
from automation.reports.run_servers import RunServers, Target
from console.asking import ask_to_confirm, is_confirmed
from console.lists import reason
from console.objects import row_key
from inventory.models import Server
from schema.exceptions import Refused

RELAUNCHES = 20
MOST_IN_ADDRESS = 200

launchers_only = permission_required("automation.launch_playbook", raise_exception=True)
cancellers_only = permission_required("automation.cancel_job", raise_exception=True)


@require_POST
@cancellers_only
def run_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Cancel the run; for production, ask first."""
    run = get_object_or_404(Run.objects.select_related("playbook"), pk=pk)
    return cancel(request, run, run)


@require_http_methods(["GET", "HEAD", "POST"])
@launchers_only
def run_relaunch(request: HttpRequest, pk: int) -> HttpResponse:
    """Relaunch a run unchanged: on all of its servers, `only` some, or those named by `server`.

    A GET shows what would run, and asks.
    """
    run = get_object_or_404(Run.objects.select_related("playbook"), pk=pk)
    given = request.POST if request.method == "POST" else request.GET
    only, keys = given.get("only", ""), {row_key(text) for text in given.getlist("server")}
    if only and only not in Only.values:
        raise Http404("There is no such choice of servers.")
    known = Server.objects.filter(pk__in=Job.objects.filter(run=run).values("server"))
    named = list(known.filter(pk__in=keys))
    if len(named) != len(keys):
        raise Http404("The run has no such server.")
    sent = [(name, value) for name in ("only", "server") for value in given.getlist(name)]
    # A page with several buttons has a digest for each.
    expect = given.get(f"expect_{only or ('server' if named else 'all')}", "")
    back = run.get_absolute_url()
    return relaunch(request, run, only=only, servers=named, back=back, sent=sent, expect=expect)


# --- For other pages and the admin ----------------------------------------------------------------


def cancel(request: HttpRequest, row: Job | Run, run: Run) -> HttpResponse:
    """Cancel the run, or a job's whole run; for production, ask first."""
    of_run = RunServers(run)
    if of_run.cancelled.is_production and not is_confirmed(request):
        return ask_to_confirm(
            request,
            f"{of_run.cancel_label}?",
            button=of_run.cancel_label,
            names=[f"{run}: stops on all of its servers"],
            is_production=True,
            back=row.get_absolute_url(),
            back_button="Keep running",
        )
    if not row.cancel(signed_in(request)):
        messages.info(request, f"{run} has already finished or is being cancelled.")
    elif run.state == Run.State.FINISHED:
        messages.success(request, f"Cancelled {run}.")
    # Otherwise the page itself says that the run is stopping.
    return redirect(row)


def relaunch(
    request: HttpRequest,
    run: Run,
    *,
    back: str,
    only: str = "",
    servers: Sequence[Server] = (),
    sent: Sequence[tuple[str, str]],
    expect: str = "",
) -> HttpResponse:
    """Relaunch, or ask first.

    It asks for production, if opened as a page, and if what was shown is not what would run now
    (409). `sent` is how the request named the servers; `expect` is the digest of what was shown,
    unless the request has one.
    """
    given = request.POST if request.method == "POST" else request.GET
    actor, key = signed_in(request), (given.get("key") or uuid4().hex)[:64]
    own_key = _key_of_button(key, sent)
    note, changes = "", []
    try:
        launch = launch_from(run, only=only or None, servers=servers)
        launch = replace(launch, idempotency_key=own_key, expect=given.get("expect", expect))
        target = Target.of(launch.each_server())
        if launch.expect and _is_agreed(request, target):
            return redirect_to_launched(request, launching.launch(actor, launch), launch)
        intention = launching.rehearse(actor, launch)
    except PlanChanged as changed:
        intention, note = changed.intention, str(changed)
        changes = changes_since(given.get("shown", ""), changed)
    except (Refused, ValidationError, ReservedOption) as error:
        messages.error(request, f"Nothing was launched. {_told(error)}")
        return redirect(back)
    label = f"Relaunch on {target.words()}"
    return ask_to_confirm(
        request,
        f"{label}?",
        button=label,
        sent=[("key", key), ("expect", intention.digest), ("shown", intention.signed), *sent],
        details="automation/runs/_ask_relaunch.html",
        intention=intention,
        servers=intention.servers,
        edit_query=_edit_query(run, only, servers),
        is_production=target.is_production,
        note=note,
        changes=changes,
        back=back,
    )


def _key_of_button(key: str, sent: Sequence[tuple[str, str]]) -> str:
    """A page has one key for all of its buttons; each of them may launch once."""
    return hashlib.sha256(repr((key, sorted(sent))).encode()).hexdigest() if sent else key


def _is_agreed(request: HttpRequest, target: Target) -> bool:
    """True if the user has pressed the final button, which for production is the second one."""
    return is_confirmed(request) or (request.method == "POST" and not target.is_production)


def changes_since(shown: str, changed: PlanChanged) -> list[str]:
    """How the plan differs from the one on the form, which carries `shown`."""
    now = changed.intention
    return name_changes(read_signed(shown), now.contents, str(now.run.playbook))


def _edit_query(run: Run, only: str, servers: Sequence[Server]) -> str:
    """The query of the launch form with the same servers; "" if they are too many for a URL."""
    chosen = [("only", only)] if only else [("server", str(server.pk)) for server in servers]
    return urlencode([("run", run.pk), *chosen]) if len(chosen) <= MOST_IN_ADDRESS else ""


def redirect_to_launched(request: HttpRequest, launched: Launched, launch: Launch) -> HttpResponse:
    """Go to the run, and say so if it is not of this launch but of an earlier one with its key."""
    run, is_new = launched
    if is_new:
        words = f"Relaunched {run.playbook}." if run.relaunch_of_id else f"Launched {run.playbook}."
        messages.success(request, words)
    elif not launching.was_made_by(run, launch):
        messages.warning(
            request,
            "This form was already sent, and launched this run. What you have changed since was "
            "not launched: open the launch form again to run that.",
        )
    else:
        messages.info(request, "This form was already sent. This is the run that it launched.")
    return redirect(only_job(run) or run)


def _told(error: Refused | ValidationError | ReservedOption) -> str:
    """The message with the names of variables that can no longer be used."""
    if hasattr(error, "message_dict"):
        said = [f"{name}: {' '.join(told)}" for name, told in error.message_dict.items()]
        return f"{' '.join(said)} Use “Edit and relaunch” to fix it."
    return reason(error)


def only_job(run: Run) -> Job | None:
    """The job of a run with a single job, whose page says more than the run's."""
    jobs = list(run.jobs.all()[:2])
    return jobs[0] if len(jobs) == 1 else None


def relaunching_of(request: HttpRequest, run: Run, job: Job | None = None) -> dict[str, Any]:
    """What a page needs to cancel or relaunch a run, and the runs that repeat it.

    Nothing is queried until a template shows it: most polls find nothing changed.
    """
    return {
        "run": run,
        "run_servers": RunServers(run, job),
        "relaunch_key": uuid4().hex,
        "relaunch_problem": partial(launching.relaunch_problem, run, signed_in(request)),
        "relaunches": run.relaunches.order_by("id")[:RELAUNCHES],
    }
