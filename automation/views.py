"""A job's own page with its live log, and the launch form. Lists of jobs are the admin's."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import ValidationError
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.signed_in import signed_in
from audit.console import call_each, reason, row_key
from inventory.models import Server
from schema.exceptions import Refused

from .advice import ADVICE
from .ansi import plain
from .forms import LaunchForm, relaunched
from .models import Job, JobLog, Only, Playbook, Run, TaskResult, Worker
from .models.options import OPTIONS
from .models.relaunching import choices

LINES_AT_ONCE = 500
LINES_IN_A_CHUNK = 2000
TASKS_AT_ONCE = 500
RELAUNCHES = 20

viewers_only = permission_required("automation.view_job", raise_exception=True)
launchers_only = permission_required("automation.launch_playbook", raise_exception=True)
cancellers_only = permission_required("automation.cancel_job", raise_exception=True)


@require_safe
@viewers_only
def job_detail(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """The page of one job, with the end of its log; the rest comes as fragments."""
    job = get_object_or_404(Job.objects.for_page(), job_id=job_id)
    lines = job.lines_before(None, LINES_AT_ONCE)
    context = {
        **admin.site.each_context(request),
        **state_of(job),
        **_tasks_of(job, 0),
        "model_admin": admin.site.get_model_admin(Job),
        "lines": lines,
        "first": lines[0].line_number if lines else 0,
        "last": lines[-1].line_number if lines else 0,
    }
    return TemplateResponse(request, "automation/job_detail.html", context)


@require_safe
@viewers_only
def job_lines(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Up to 500 lines after `?after=N` or before `?before=N`, and the job's state when it is not
    the one that the page has (`?state=`)."""
    # The job first: whatever was written before it ended is then among the lines.
    job = get_object_or_404(Job.objects.for_page(), job_id=job_id)
    if before := _number(request, "before"):
        lines = job.lines_before(before, LINES_AT_ONCE)
    else:
        lines = list(job.lines(_number(request, "after"), LINES_AT_ONCE))
    state = state_of(job)
    context = {
        **state,
        "lines": lines,
        "changed": request.GET.get("state") != state["state"],
        "more": len(lines) == LINES_AT_ONCE,
    }
    return TemplateResponse(request, "automation/_job_lines.html", context)


@require_safe
@viewers_only
def job_tasks(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Up to 500 results of tasks after `?after=N`."""
    job = get_object_or_404(Job, job_id=job_id)
    context = {"job": job, **_tasks_of(job, _number(request, "after"))}
    return TemplateResponse(request, "automation/_job_tasks.html", context)


@require_POST
@cancellers_only
def job_cancel(request: HttpRequest, job_id: UUID) -> HttpResponse:
    return _cancel(request, get_object_or_404(Job.objects.for_page(), job_id=job_id))


@require_POST
@cancellers_only
def run_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    return _cancel(request, get_object_or_404(Run.objects.select_related("playbook"), pk=pk))


def _cancel(request: HttpRequest, row: Job | Run) -> HttpResponse:
    call_each(
        request,
        [row],
        lambda row: row.cancel(signed_in(request)),
        done="Cancelling",
        unchanged="Had ended, or was being cancelled",
    )
    return redirect(row)


@require_safe
@viewers_only
def job_log_download(request: HttpRequest, job_id: UUID) -> StreamingHttpResponse:
    """The whole log as text; with `?ansi=1` as it was printed, colours and all."""
    job = get_object_or_404(Job, job_id=job_id)
    as_printed = request.GET.get("ansi") == "1"
    text = (line if as_printed else plain(line) for line in _every_line(job))
    response = StreamingHttpResponse(
        (f"{line}\n" for line in text), content_type="text/plain; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="job-{job.job_id}.log"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache  # "Back" has to bring a new form: the old one's key belongs to the run that it made.
@launchers_only
def job_launch(request: HttpRequest) -> HttpResponse:
    """The launch form. `?playbook=`, `?server=` (also several), `?job=` and `?run=` (with its
    servers, or `&only=failed`) fill it."""
    if request.method != "POST":
        return launch_page(request, initial=_asked_for(request))
    asked_at = timezone.now()
    form = LaunchForm(
        request.POST,
        playbook=_playbook(request.POST.get("playbook")),
        relaunch_of=_run(request.POST.get("relaunch_of")),
    )
    run = form.launch(signed_in(request)) if form.is_valid() else None
    if run is None:
        return launch_page(request, form=form)
    return _launched(request, run, asked_at)


@require_safe
@launchers_only
def job_launch_variables(request: HttpRequest) -> HttpResponse:
    """The fields for the variables of `?playbook=`, when another one is chosen in the form."""
    playbook = _playbook(request.GET.get("playbook"))
    form = LaunchForm(playbook=playbook, relaunch_of=_run(request.GET.get("relaunch_of")))
    context = {"form": form, "playbook": playbook}
    return TemplateResponse(request, "automation/_launch_variables.html", context)


@require_safe
@launchers_only
def job_launch_count(request: HttpRequest) -> JsonResponse:
    """How many servers `?environment=&tag=` chooses."""
    chosen = {name: request.GET.get(name, "") for name in ("environment", "tag")}
    return JsonResponse({"count": len(Server.objects.chosen(**chosen))})


@require_POST
@launchers_only
def run_relaunch(request: HttpRequest, pk: int) -> HttpResponse:
    """Do a run once more as it was, on all of its servers or `only` some; `server` names one."""
    run = get_object_or_404(Run.objects.select_related("playbook"), pk=pk)
    only, key, server = (request.POST.get(name, "") for name in ("only", "key", "server"))
    if only and only not in Only.values:
        raise Http404("There is no such choice of servers.")
    changes: dict[str, Any] = {}
    if server:
        changes["servers"] = [get_object_or_404(Server, pk=row_key(server), jobs__run=run)]
    asked_at = timezone.now()
    try:
        again = run.relaunch(
            signed_in(request), only=only or None, idempotency_key=key[:64], **changes
        )
    except (Refused, ValidationError) as error:
        messages.error(request, f"Nothing was launched. {_told(error)}")
        return redirect(run)
    return _launched(request, again, asked_at)


def _launched(request: HttpRequest, run: Run, asked_at: datetime) -> HttpResponse:
    if run.created_at < asked_at:
        messages.info(request, "This form had been sent before: here is what it launched.")
    else:
        messages.success(request, f"“{run.playbook}” is on its way.")
    return redirect(only_job(run) or run)


def _told(error: Refused | ValidationError) -> str:
    """With the names of the variables that cannot be used any more."""
    if hasattr(error, "message_dict"):
        said = [f"{name}: {' '.join(told)}" for name, told in error.message_dict.items()]
        return f"{' '.join(said)} Choose “Edit” to mend it."
    return reason(error)


@require_POST
@permission_required("inventory.check_server", raise_exception=True)
def server_check(request: HttpRequest, pk: int) -> HttpResponse:
    """Run our own connection check on one server."""
    server = get_object_or_404(Server, pk=pk)
    try:
        run = Playbook.objects.connection_check().launch(signed_in(request), [server])
    except Refused as error:
        messages.error(request, str(error))
        return redirect(server)
    return redirect(only_job(run) or run)


@require_POST
@permission_required("automation.accept_playbook", raise_exception=True)
def playbook_accept(request: HttpRequest, pk: int) -> HttpResponse:
    """Accept the changed file; not another one than the page has shown (`hash`)."""
    playbook = get_object_or_404(Playbook, pk=pk)
    if request.POST.get("hash") != playbook.current_hash():
        messages.error(request, "The file has changed again since you looked: read it once more.")
        return redirect(playbook)
    call_each(
        request,
        [playbook],
        lambda playbook: playbook.accept_file(request.user),
        done="Accepted",
        unchanged="Had not changed",
    )
    return redirect(playbook)


# --- Used by the pages above and by the admin -----------------------------------------------------


def launch_page(
    request: HttpRequest, *, form: LaunchForm | None = None, initial: dict[str, Any] | None = None
) -> HttpResponse:
    initial = initial or {}
    playbook = _playbook(request.POST.get("playbook")) if form else initial.get("playbook")
    repeated = initial.pop("relaunch_of", None)
    context = {
        **admin.site.each_context(request),
        "title": "Run a playbook",
        "form": form or LaunchForm(playbook=playbook, relaunch_of=repeated, initial=initial),
        "playbook": playbook,
        "active_servers": Server.objects.active().count(),
        "has_playbooks": Playbook.objects.active().exists(),
    }
    return TemplateResponse(request, "automation/job_launch.html", context)


def only_job(run: Run) -> Job | None:
    """The job of a run that has just one: its page then says more than the run's."""
    jobs = list(run.jobs.all()[:2])
    return jobs[0] if len(jobs) == 1 else None


def state_of(job: Job) -> dict[str, Any]:
    """What stands above the log. `state` is another text whenever any of it would differ."""
    waits_for = _waits_for(job.run) if job.status == Job.Status.PENDING else []
    shown = "stopping" if job.is_active and job.run.cancel_requested_at else job.status
    return {
        "title": f"{shown.capitalize()} · {job}",
        "job": job,
        "shown_status": shown,
        "waits_for": waits_for,
        "state": "|".join([shown, *waits_for]),
        "advice": ADVICE.get(job.failure_kind, ""),
        "failing_line": _failing_line(job),
        "failing_task": _failing_task(job),
        "variables": job.masked_extra_vars.items(),
        "options": _given_options(job.run),
        **relaunching_of(job.run),
        "earlier": partial(_earlier, job),
    }


def relaunching_of(run: Run) -> dict[str, Any]:
    """What a page needs to relaunch a run, and the runs that repeat it. Nothing is asked for until
    a template shows it: most looks at a job find that nothing has changed."""
    return {
        "run": run,
        "relaunch_choices": partial(choices, run),
        "relaunch_key": uuid4().hex,
        "relaunches": run.relaunches.order_by("id")[:RELAUNCHES],
    }


def _earlier(job: Job) -> Job | None:
    """The job on the same server of the run that this one repeats."""
    if job.run.relaunch_of_id is None:
        return None
    return Job.objects.filter(run=job.run.relaunch_of_id, server=job.server_id).first()


def _given_options(run: Run) -> list[tuple[str, Any]]:
    """By Ansible's flags: ("--check", "yes"), ("--tags", "web")."""
    credential = [("Credential", run.credential)] if run.credential else []
    return credential + [
        (OPTIONS[name], "yes" if value is True else value) for name, value in run.options().items()
    ]


def _waits_for(run: Run) -> list[str]:
    if not (Worker.objects.alive().exists() or Run.objects.beating().exists()):
        return ["No worker is alive. Start one: manage.py run_worker"]
    return run.waits_for() or ["It waits for a worker to take it."]


def _failing_line(job: Job) -> int | None:
    """Where one wants to look first: the line at which the last errors begin."""
    if job.status != Job.Status.FAILED:
        return None
    errors = job.logs.filter(log_level=JobLog.Level.ERROR).order_by("-line_number")
    numbers = list(errors.values_list("line_number", flat=True)[:LINES_AT_ONCE])
    block = [number for ago, number in enumerate(numbers) if number == numbers[0] - ago]
    return block[-1] if block else None


def _failing_task(job: Job) -> int | None:
    """The number of the result that the failure is about."""
    if job.status != Job.Status.FAILED:
        return None
    failures = (TaskResult.Status.FAILED, TaskResult.Status.UNREACHABLE)
    results = job.task_results.filter(status__in=failures).order_by("-number")
    return results.values_list("number", flat=True).first()


def _tasks_of(job: Job, after: int) -> dict[str, Any]:
    tasks = list(TaskResult.objects.of_job(job, after)[:TASKS_AT_ONCE])
    return {"tasks": tasks, "more_tasks": len(tasks) == TASKS_AT_ONCE}


def _every_line(job: Job) -> Iterator[str]:
    after = 0
    while lines := list(job.lines(after, LINES_IN_A_CHUNK)):
        yield from (line.content for line in lines)
        after = lines[-1].line_number


def _number(request: HttpRequest, name: str) -> int:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


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
        return _once_more(job.run, [job])
    if "run" in asked:
        run, only = _run(asked["run"]), asked.get("only", "")
        if run is None or (only and only not in Only.values):
            raise Http404("There is no such run.")
        return _once_more(run, [job for job in run.jobs.all() if not only or Only(only).is_of(job)])
    playbook = _playbook(asked.get("playbook"))
    keys = {row_key(text) for text in asked.getlist("server")}
    known = Server.objects.filter(pk__in=keys)
    if (asked.get("playbook") and not playbook) or known.count() != len(keys):
        raise Http404("There is no such playbook or server.")
    return {"playbook": playbook, "servers": list(known)}


def _once_more(run: Run, jobs: list[Job]) -> dict[str, Any]:
    servers = [job.server_id for job in jobs]
    # One that had ended; a run that is still under way is only copied.
    ended = run if run.state == Run.State.FINISHED else None
    return {
        "playbook": run.playbook,
        "relaunch_of": ended,
        "servers": servers,
        **relaunched(run),
    }
