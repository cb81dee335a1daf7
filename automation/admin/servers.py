"""What automation adds to the list of servers: their last job, and actions to run playbooks."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.contrib import admin, messages
from django.db.models import Exists, OuterRef, QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils.html import format_html
from unfold.contrib.filters.admin import RadioFilter

from accounts.signed_in import signed_in
from automation import launching
from automation.models import Job, Playbook
from automation.reports.run_servers import Target
from automation.views.launching import launch_page
from console.lists import Narrow, Rows, ask_for_values, reason
from console.times import time_tag
from inventory.models import Server
from schema.exceptions import Refused

STATUS = "automation/_status.html"


class LastJobFilter(RadioFilter):
    """Servers by the status of their newest job."""

    title = "last job"
    parameter_name = "last_job"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*Job.Status.choices, ("none", "None yet")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Server]) -> QuerySet[Server]:
        status = self.value()
        if not status:
            return queryset
        if status == "none":
            return queryset.filter(~Exists(Job.objects.filter(server=OuterRef("pk"))))
        return queryset.filter(pk__in=Job.objects.servers_at(status))


class LastJob(Narrow):
    """The status filters the list; the link beside it leads to the job."""

    def shown(self, row: Any, text: Any, rows: Rows) -> Any:
        job = row.newest_job
        if job is None:
            return super().shown(row, text, rows)
        when = time_tag(job.created_at)
        to_job = format_html('<a class="io-link" href="{}">{}</a>', job.get_absolute_url(), when)
        return format_html("{} {}", super().shown(row, text, rows), to_job)


def attach_newest_jobs(servers: Sequence[Any]) -> None:
    """Set `newest_job` and `newest_status`, which is "none" if there is no job."""
    newest = Job.objects.newest_of(servers)
    for server in servers:
        server.newest_job = newest.get(server.pk)
        server.newest_status = server.newest_job.status if server.newest_job else "none"


@admin.display(description="last job")
def last_job(server: Any) -> str:
    status = server.newest_status
    return "-" if status == "none" else render_to_string(STATUS, {"status": status})


@admin.action(description="Run a playbook")
def run_playbook(model_admin: Any, request: HttpRequest, servers: QuerySet[Server]) -> HttpResponse:
    return launch_page(request, initial={"servers": servers})


def describe_check(request: HttpRequest, servers: QuerySet[Server]) -> dict[str, Any]:
    """The question before a check, which occupies all of its servers while it runs."""
    target = Target.of(servers)
    return {
        "question": f"Check the connection to {target.words()}?",
        "button": f"Check connection to {target.words()}",
        "is_production": target.is_production,
        "expect": launching.digest_of_launch(_check_of(servers)),
    }


@admin.action(description="Check connection")
@ask_for_values(Form, "Check connection?", button="Check connection", describe=describe_check)
def check_connection(
    model_admin: Any, request: HttpRequest, servers: QuerySet[Server]
) -> HttpResponse | None:
    launch = replace(_check_of(servers), idempotency_key=request.POST.get("once", "")[:64])
    try:
        run = launching.launch(signed_in(request), launch).run
    except Refused as error:
        messages.error(request, reason(error))
        return None
    messages.success(request, "Connection check started.")
    return redirect(run)


def _check_of(servers: QuerySet[Server]) -> launching.Launch:
    check = Playbook.objects.connection_check()
    return launching.Launch(playbook=check, servers=list(servers))
