"""The launch form, and what it fetches while it is filled in."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.signed_in import signed_in
from automation import launching
from automation.forms import LaunchForm, initial_for_relaunch
from automation.launching import Intention, Launch, Only, PlanChanged
from automation.launching.digests import name_changes, read_signed
from automation.launching.intentions import button, describe_servers
from automation.launching.relaunching import jobs_to_repeat
from automation.launching.remembered import last_values
from automation.models import Job, Playbook, Run
from console.objects import row_key
from inventory.models import Server
from schema.exceptions import Refused

from .runs import launchers_only, only_job, redirect_to_launched

SHOWN_SERVERS = 12


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache  # "Back" has to bring a new form: the old one's key belongs to the run that it made.
@launchers_only
def job_launch(request: HttpRequest) -> HttpResponse:
    """The launch form. `?playbook=`, `?server=` (also several), `?job=` and `?run=` (with its
    servers, or `&only=failed`, or `&server=`) fill it.

    Sent with the digest of the plan that it has shown (`expect`), it launches that plan and no
    other; without one, or with `check`, it only shows the plan."""
    if request.method != "POST":
        return launch_page(request, initial=_asked_for(request))
    form = _sent(request)
    if "check" in request.POST or not request.POST.get("expect"):
        return launch_page(request, form=form)
    try:
        launched = form.launch(signed_in(request)) if form.is_valid() else None
    except PlanChanged as changed:
        return launch_page(request, form=form, changed=changed)
    if launched is None:
        return launch_page(request, form=form)
    return redirect_to_launched(request, launched)


@require_safe
@launchers_only
def job_launch_variables(request: HttpRequest) -> HttpResponse:
    """The fields for the variables of `?playbook=`, when another one is chosen in the form."""
    playbook = _playbook(request.GET.get("playbook"))
    form = LaunchForm(playbook=playbook, relaunch_of=_run(request.GET.get("relaunch_of")))
    return TemplateResponse(
        request, "automation/launch/_launch_variables.html", _shown(request, form, playbook)
    )


@require_POST
@launchers_only
def job_launch_plan(request: HttpRequest) -> HttpResponse:
    """What the form as it stands would run, in plain words, or what still keeps it from running.
    Checked as the launch itself is; nothing is launched."""
    form = _sent(request)
    context = {"form": form, **_touched(form, _plan_of(request, form))}
    return TemplateResponse(request, "automation/launch/_launch_parts.html", context)


@require_POST
@permission_required("inventory.check_server", raise_exception=True)
def server_check(request: HttpRequest, pk: int) -> HttpResponse:
    """Run our own connection check on one server."""
    server = get_object_or_404(Server, pk=pk)
    try:
        check = Launch(playbook=Playbook.objects.connection_check(), servers=[server])
        run = launching.launch(signed_in(request), check).run
    except Refused as error:
        messages.error(request, str(error))
        return redirect(server)
    return redirect(only_job(run) or run)


# --- Used by the pages above and by the admin -----------------------------------------------------


def launch_page(
    request: HttpRequest,
    *,
    form: LaunchForm | None = None,
    initial: dict[str, Any] | None = None,
    changed: PlanChanged | None = None,
) -> HttpResponse:
    """The form as it was sent with its plan, or a new one that `initial` fills. 409 when the plan
    has `changed` since it was shown."""
    initial = initial or {}
    playbook = _playbook(request.POST.get("playbook")) if form else initial.get("playbook")
    repeated = initial.pop("relaunch_of", None)
    form = form or LaunchForm(playbook=playbook, relaunch_of=repeated, initial=initial)
    intention = changed.intention if changed else _plan_of(request, form)
    form.offer_credentials(signed_in(request))
    context = {
        **admin.site.each_context(request),
        **_shown(request, form, playbook),
        **_touched(form, intention),
        "changes": _changes(request, changed) if changed else None,
        "title": "Run a playbook",
        "has_playbooks": Playbook.objects.active().exists(),
    }
    status = 409 if changed else 200
    return TemplateResponse(request, "automation/launch/job_launch.html", context, status=status)


def _plan_of(request: HttpRequest, form: LaunchForm) -> Intention | None:
    """What the form as it was sent would run; None for a new one, or where something is wrong."""
    return form.rehearse(signed_in(request)) if form.is_valid() else None


def _changes(request: HttpRequest, changed: PlanChanged) -> list[str]:
    """What is not as the form has shown it."""
    now = changed.intention
    return name_changes(read_signed(request.POST.get("shown", "")), now.run, now.servers)


def _sent(request: HttpRequest) -> LaunchForm:
    return LaunchForm(
        request.POST,
        playbook=_playbook(request.POST.get("playbook")),
        relaunch_of=_run(request.POST.get("relaunch_of")),
    )


def _shown(request: HttpRequest, form: LaunchForm, playbook: Playbook | None) -> dict[str, Any]:
    """What the fields of a playbook need; a repeated run offers its own values and no others."""
    offered = None if form.repeated else last_values(signed_in(request), playbook)
    return {"form": form, "playbook": playbook, "remembered": offered}


def _touched(form: LaunchForm, intention: Intention | None = None) -> dict[str, Any]:
    servers = intention.servers if intention else form.chosen_servers()
    active = Server.objects.active().count()
    return {
        "intention": intention,
        "touched": describe_servers(servers, active),
        "button": button(servers, check_mode=bool(form["check_mode"].value())),
        "servers": servers[:SHOWN_SERVERS],
        "more_servers": max(0, len(servers) - SHOWN_SERVERS),
        "production": sum(server.is_production for server in servers),
        "active_servers": active,
    }


def _playbook(key: str | None) -> Playbook | None:
    return Playbook.objects.filter(pk=row_key(key)).first()


def _run(key: str | None) -> Run | None:
    return Run.objects.filter(pk=row_key(key)).select_related("playbook").first()


def _asked_for(request: HttpRequest) -> dict[str, Any]:
    """What the URL says about the form's first values; Http404 for rows that do not exist."""
    asked = request.GET
    if "job" in asked:
        try:
            job = Job.objects.for_page().get(job_id=UUID(asked["job"]))
        except (ValueError, Job.DoesNotExist):
            raise Http404("There is no such job.") from None
        return _once_more(job.run, [job.server_id])
    if "run" in asked:
        run, only = _run(asked["run"]), asked.get("only", "")
        if run is None or (only and only not in Only.values):
            raise Http404("There is no such run.")
        taken = [job.server_id for job in jobs_to_repeat(run.jobs.all(), only)]
        return _once_more(run, _servers_named(asked) or taken)
    playbook = _playbook(asked.get("playbook"))
    if asked.get("playbook") and not playbook:
        raise Http404("There is no such playbook.")
    return {"playbook": playbook, "servers": _servers_named(asked)}


def _servers_named(asked: QueryDict) -> list[int]:
    keys = {row_key(text) for text in asked.getlist("server")}
    known = list(Server.objects.filter(pk__in=keys).values_list("pk", flat=True))
    if len(known) != len(keys):
        raise Http404("There is no such server.")
    return known


def _once_more(run: Run, servers: list[int]) -> dict[str, Any]:
    # One that had ended; a run that is still under way is only copied.
    ended = run if run.state == Run.State.FINISHED else None
    return {
        "playbook": run.playbook,
        "relaunch_of": ended,
        "servers": servers,
        **initial_for_relaunch(run),
    }
