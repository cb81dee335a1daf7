"""A playbook's page and its button. The list and the form are in admin/playbooks.py."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from automation import variables
from automation.content.task_names import read_task_names
from automation.models import Playbook, Run
from automation.models.option_rules import DEFAULTS, OPTION_RULES
from automation.reports.charts import HEIGHT, strip_of
from automation.reports.playbook_history import RunRecord, playbook_history
from automation.reports.playbook_parts import list_playbook_parts
from automation.reports.run_servers import RunServers
from console.lists import call_each

RUNS_SHOWN = 10
# Defaults for what a variable's entry may omit.
NOTHING = {**dict.fromkeys(variables.KEYS, ""), "type": "string"}


@require_safe
@permission_required("automation.view_playbook", raise_exception=True)
def playbook_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """What it does, its variables, and how it has fared."""
    playbook = get_object_or_404(Playbook, pk=pk)
    record = playbook_history(playbook)
    context = {
        **admin.site.each_context(request),
        "model_admin": admin.site.get_model_admin(Playbook),
        "title": playbook.name,
        "playbook": playbook,
        "variables": [_entry(name, spec) for name, spec in playbook.schema().items()],
        "option_rules": [
            (OPTION_RULES[name], who, who != DEFAULTS[name])
            for name, who in playbook.who_may_set().items()
        ],
        "guard_tags": sorted(read_task_names(playbook.file_path).guard_tags),
        "parts": list_playbook_parts(playbook.source.encode()),
        "start": playbook.start,
        "vault_ids": playbook.vault_passwords.values_list("vault_id", flat=True),
        "record": record,
        "strip": strip_of(record.latest.runs),
        "strip_height": HEIGHT,
        "runs": _with_people(record.runs[:RUNS_SHOWN]),
        **_run_again(request, record.runs),
    }
    return TemplateResponse(request, "automation/playbooks/playbook_detail.html", context)


@require_POST
@permission_required("automation.accept_playbook", raise_exception=True)
def playbook_accept(request: HttpRequest, pk: int) -> HttpResponse:
    """Accept the changed file, provided that it is the one shown on the page (`hash`)."""
    playbook = get_object_or_404(Playbook, pk=pk)
    if request.POST.get("hash") != playbook.current_hash():
        messages.error(
            request, "The file has changed again since you opened this page. Review it again."
        )
        return redirect(playbook)
    call_each(
        request,
        [playbook],
        lambda playbook: playbook.accept_file(request.user),
        done="Accepted",
        unchanged="Not changed",
    )
    return redirect(playbook)


def _run_again(request: HttpRequest, runs: list[RunRecord]) -> dict[str, Any]:
    """The user's last ended run of the playbook, and its servers."""
    mine = (run.pk for run in runs if run.launched_by_id == request.user.pk and run.has_ended)
    pk = next(mine, None) if request.user.has_perm("automation.launch_playbook") else None
    run = Run.objects.get(pk=pk) if pk else None
    return {"last_run": run, "run_again": RunServers(run).taken if run else None}


def _with_people(runs: list[RunRecord]) -> list[tuple[RunRecord, User]]:
    people = User.objects.in_bulk({run.launched_by_id for run in runs})
    return [(run, people[run.launched_by_id]) for run in runs]


def _entry(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    """A row in the table of variables, with the default as text."""
    given = {key: value for key, value in spec.items() if value is not None}
    if "default" in given:
        given["default"] = variables.as_text(given["default"])
    return {**NOTHING, **given, "name": name, "has_own_default": "playbook_default" in given}
