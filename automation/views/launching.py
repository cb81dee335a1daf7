"""The launch form, and what it fetches while it is filled in."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.signed_in import signed_in
from automation import launching
from automation.content.playbook_tags import list_playbook_tags
from automation.content.task_names import read_task_names
from automation.forms import LaunchForm, initial_for_relaunch
from automation.forms.remembered import last_values
from automation.forms.server_choice import offer_servers
from automation.launching import Intention, Launch, Only, PlanChanged
from automation.launching.intentions import button, describe_servers
from automation.launching.relaunching import choice_to_repeat, jobs_to_repeat
from automation.models import Job, Playbook, Run
from console.objects import row_key
from inventory.choosing import asked_inventory, full_name, group_named
from inventory.models import Inventory, Server
from schema.exceptions import Refused

from .runs import changes_since, launchers_only, redirect_to_launched

SHOWN_SERVERS = 12


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache  # "Back" must bring a new form: the old one's key belongs to the run that it made.
@launchers_only
def job_launch(request: HttpRequest) -> HttpResponse:
    """The launch form.

    `?playbook=`, `?server=` (repeatable), `?job=` and `?run=` (with its servers, or `&only=failed`,
    or `&server=`) prefill it, and so do the criteria of a choice: `?groups=`, `?limit=`.

    Sent with the digest of the plan that it showed (`expect`), it launches exactly that plan;
    without one, or with `check`, it only shows the plan.
    """
    if request.method != "POST":
        return launch_page(request, initial=_asked_for(request))
    form = _sent(request)
    if request.POST.keys() & {"check", "part"} or not request.POST.get("expect"):
        return launch_page(request, form=form)
    try:
        launched = form.launch(signed_in(request)) if form.is_valid() else None
    except PlanChanged as changed:
        return launch_page(request, form=form, changed=changed)
    if launched is None:
        return launch_page(request, form=form)
    return redirect_to_launched(request, launched, form.to_launch())


@require_safe
@launchers_only
def job_launch_variables(request: HttpRequest) -> HttpResponse:
    """The fields for variables and options of `?playbook=`, when it is chosen in the form."""
    playbook = _playbook(request.GET.get("playbook"))
    actor, repeated = signed_in(request), _run(request.GET.get("relaunch_of"))
    form = LaunchForm(playbook=playbook, relaunch_of=repeated, actor=actor)
    form.offer_credentials(actor)
    return TemplateResponse(
        request, "automation/launch/_launch_fields.html", _shown(request, form, playbook)
    )


@require_POST
@launchers_only
def job_launch_servers(request: HttpRequest) -> HttpResponse:
    """The check boxes for the chosen `servers`, and for others that match `q`."""
    offer = offer_servers(request.POST.getlist("servers"), request.POST.get("q", ""))
    return TemplateResponse(request, "automation/launch/_server_rows.html", {"offer": offer})


@require_POST
@launchers_only
def job_launch_plan(request: HttpRequest) -> HttpResponse:
    """What the form would run as it stands, in plain words, or what still prevents it.

    Checked exactly like a launch; launches nothing.
    """
    form = _sent(request)
    context = {"form": form, **_touched(form, _plan_of(request, form))}
    return TemplateResponse(request, "automation/launch/_launch_parts.html", context)


@require_POST
@permission_required("inventory.check_server", raise_exception=True)
def server_check(request: HttpRequest, pk: int) -> HttpResponse:
    """Run the built-in connection check on one server; with the same `key`, once."""
    server = get_object_or_404(Server, pk=pk)
    check = Launch(
        playbook=Playbook.objects.connection_check(),
        servers=[server],
        idempotency_key=request.POST.get("key", "")[:64],
    )
    try:
        launched = launching.launch(signed_in(request), check)
    except Refused as error:
        messages.error(request, str(error))
        return redirect(server)
    return redirect_to_launched(request, launched, check)


# --- For the pages above and the admin ------------------------------------------------------------


def launch_page(
    request: HttpRequest,
    *,
    form: LaunchForm | None = None,
    initial: dict[str, Any] | None = None,
    changed: PlanChanged | None = None,
) -> HttpResponse:
    """The submitted form with its plan, or a new one with `initial` values.

    Status 409 if the plan has `changed` since it was shown.
    """
    initial = initial or {}
    playbook = _playbook(request.POST.get("playbook")) if form else initial.get("playbook")
    repeated = initial.pop("relaunch_of", None)
    actor = signed_in(request)
    form = form or LaunchForm(playbook=playbook, relaunch_of=repeated, actor=actor, initial=initial)
    intention = changed.intention if changed else _plan_of(request, form)
    form.offer_credentials(actor)
    context = {
        **admin.site.each_context(request),
        **_shown(request, form, playbook),
        **_touched(form, intention),
        "changes": changes_since(request.POST.get("shown", ""), changed) if changed else None,
        "title": "Run a playbook",
        "has_playbooks": Playbook.objects.active().exists(),
    }
    status = 409 if changed else 200
    return TemplateResponse(request, "automation/launch/job_launch.html", context, status=status)


def _plan_of(request: HttpRequest, form: LaunchForm) -> Intention | None:
    """The plan of the submitted form; None for a new form or one with errors."""
    return form.rehearse(signed_in(request)) if form.is_valid() else None


def _sent(request: HttpRequest) -> LaunchForm:
    """The submitted form.

    Without scripts, its variables may still be those of the playbook that was chosen before: then
    the chosen one's have their initial values.
    """
    data: QueryDict = request.POST
    chosen = data.get("playbook", "")
    playbook, repeated = _playbook(chosen), _run(data.get("relaunch_of"))
    if data.get("variables_of", chosen) != chosen:
        data = LaunchForm(playbook=playbook, relaunch_of=repeated).with_own_variables(data)
    if part := row_key(data.get("part")):
        data = _narrowed(data, part)
    return LaunchForm(data, playbook=playbook, relaunch_of=repeated, actor=signed_in(request))


def _narrowed(sent: QueryDict, part: int) -> QueryDict:
    """The sent data with only the servers of one inventory, named by its key."""
    data, inventory = sent.copy(), get_object_or_404(Inventory, pk=part)
    keys = [key for text in data.getlist("servers") if (key := row_key(text))]
    if keys:
        here = inventory.servers.filter(pk__in=keys).values_list("pk", flat=True)
        data.setlist("servers", list(map(str, here)))
    else:
        data["inventory"] = inventory.name
    return data


def _shown(request: HttpRequest, form: LaunchForm, playbook: Playbook | None) -> dict[str, Any]:
    """Context for a playbook's fields; a relaunch offers only its own values."""
    offered = None if form.repeated else last_values(signed_in(request), playbook)
    may_choose = playbook is not None and not form.is_disabled("tags")
    tags = list_playbook_tags(playbook.plays()) if playbook and may_choose else []
    tasks = read_task_names(playbook.file_path).names if playbook else ()
    fields = {"form": form, "playbook": playbook, "remembered": offered}
    return {**fields, "playbook_tags": tags, "playbook_tasks": tasks}


def _touched(form: LaunchForm, intention: Intention | None = None) -> dict[str, Any]:
    servers = intention.servers if intention else form.chosen_servers()
    active = intention.active_servers if intention else Server.objects.active().count()
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
    """The form's initial values from the URL. Raises Http404 for rows that do not exist."""
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
        named = _servers_named(asked)
        if not named and not only and (choice := choice_to_repeat(run)):
            return {**_once_more(run, []), **choice.given}
        taken = jobs_to_repeat(run, only).values_list("server_id", flat=True)
        return _once_more(run, named or list(taken))
    playbook = _playbook(asked.get("playbook"))
    if asked.get("playbook") and not playbook:
        raise Http404("There is no such playbook.")
    return {"playbook": playbook, "servers": _servers_named(asked), **_chosen_by(asked)}


def _chosen_by(asked: QueryDict) -> dict[str, str]:
    """Criteria of a choice: `?groups=web@staging`, `?inventory=staging`, `?limit=…`."""
    found = {
        name: text
        for name in ("limit", "environment", "tag", "search")
        if (text := asked.get(name))
    }
    try:
        if text := asked.get("groups"):
            found["groups"] = full_name(group_named(text))
        if text := asked.get("inventory"):
            found["inventory"] = asked_inventory(text).name
    except ValidationError as error:
        raise Http404(" ".join(error.messages)) from None
    return found


def _servers_named(asked: QueryDict) -> list[int]:
    keys = {row_key(text) for text in asked.getlist("server")}
    known = list(Server.objects.filter(pk__in=keys).values_list("pk", flat=True))
    if len(known) != len(keys):
        raise Http404("There is no such server.")
    return known


def _once_more(run: Run, servers: list[int]) -> dict[str, Any]:
    # A run that has not ended is copied rather than relaunched.
    ended = run if run.state == Run.State.FINISHED else None
    return {
        "playbook": run.playbook,
        "relaunch_of": ended,
        "servers": servers,
        **initial_for_relaunch(run),
    }
