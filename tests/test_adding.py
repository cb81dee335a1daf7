"""Every model of ours has what docs/adding.md requires.

Admin pages, an endpoint, a permission that some role has, audit lines, and a function that makes a
row in tests. Exceptions are listed below with the reason; reasons no longer needed fail too.
"""

import ast
import inspect
from functools import cache
from pathlib import Path

import pytest
from auditlog.registry import auditlog
from django.conf import settings
from django.contrib import admin
from django.db.models import Model
from django.urls import URLPattern, get_resolver

from accounts.models import User
from schema import project
from tests import make

WITH_ITS_CREDENTIAL = (
    "A row of a field of several: shown, granted and recorded with its credential."
)
WITH_ITS_TICKET = "It is a part of its ticket's page and answer."
BY_THE_WORKER = "Written by the worker while a run lasts; the run's own lines say what happened."
# {model: {what it does without: reason}}
WITHOUT: dict[str, dict[str, str]] = {
    "accounts.SavedView": {"admin": "It is kept, shared and deleted from the list that it is of."},
    "audit.AuditLog": {"audit": "It is the trail."},
    "audit.Seal": {
        "admin": "Shown above the audit trail's list.",
        "audit": "It seals the trail: a line about it would need another seal.",
    },
    "inventory.Credential_allowed_servers": dict.fromkeys(
        ("admin", "endpoint", "permission", "audit", "make"), WITH_ITS_CREDENTIAL
    ),
    "inventory.Credential_allowed_groups": dict.fromkeys(
        ("admin", "endpoint", "permission", "audit", "make"), WITH_ITS_CREDENTIAL
    ),
    "inventory.Credential_allowed_inventories": dict.fromkeys(
        ("admin", "endpoint", "permission", "audit", "make"), WITH_ITS_CREDENTIAL
    ),
    "inventory.ServerGroupMember": {
        "admin": "A row of its group's form.",
        "endpoint": "server_ids and group_ids of its group.",
        "make": "make.group puts servers and groups into one.",
    },
    "inventory.ServerFacts": {
        "admin": "Shown on its server's page.",
        "endpoint": "/api/servers/<id>/facts.",
        "audit": BY_THE_WORKER,
    },
    "automation.JobLog": {"endpoint": "/api/jobs/<id>/logs.", "audit": BY_THE_WORKER},
    "automation.RunArtifact": {
        "admin": "Shown on its run's page.",
        "endpoint": "/api/runs/<id>/artifacts.",
    },
    "automation.RunLog": {
        "admin": "Shown on its run's page.",
        "endpoint": "/api/runs/<id>/logs.",
        "audit": BY_THE_WORKER,
    },
    "automation.HostResult": {
        "admin": "Shown on its run's page.",
        "endpoint": "/api/runs/<id>/host-results.",
        "audit": BY_THE_WORKER,
    },
    "automation.TaskResult": {"endpoint": "/api/jobs/<id>/tasks.", "audit": BY_THE_WORKER},
    "automation.ServerLock": dict.fromkeys(
        ("admin", "endpoint", "permission", "audit", "make"),
        "A claim writes it, and its end deletes it: the pages say which run holds a server.",
    ),
    "automation.Worker": {
        "endpoint": "/api/health says how many live.",
        "make": "Worker.objects.beat() makes one.",
    },
    "tickets.TicketOccurrence": {
        "admin": WITH_ITS_TICKET,
        "endpoint": WITH_ITS_TICKET,
        "audit": "Its job's end and its ticket's lines tell of it.",
    },
    "tickets.TicketComment": {
        "admin": WITH_ITS_TICKET,
        "endpoint": WITH_ITS_TICKET,
        "permission": "Whoever may work tickets writes some, and whoever sees a ticket reads them.",
    },
}
MODELS = project.models()
# Verbs of these record under another name than the model's.
RECORDED_AS = {
    "tickets.TicketComment": "ticket.commented",
    "automation.Job": "job.finished",
    "automation.RunArtifact": "run.artifact_downloaded",
    "inventory.VariableOverride": "server.variable_overridden",
}


def has_admin(model: type[Model]) -> bool:
    return admin.site.is_registered(model)


def has_endpoint(model: type[Model]) -> bool:
    return model in models_of_endpoints()


def has_permission(model: type[Model]) -> bool:
    name = f"{model._meta.app_label}.view_{model._meta.model_name}"
    return any(User(role=role).has_perm(name) for role in User.Role.values)


def has_audit(model: type[Model]) -> bool:
    """Edits are recorded by django-auditlog; verbs record themselves."""
    action = RECORDED_AS.get(model._meta.label, f"{model._meta.model_name}.")
    return auditlog.contains(model) or any(text.startswith(action) for text in recorded_actions())


def has_make(model: type[Model]) -> bool:
    """True if a function in tests/make.py returns one, or several."""
    made = [
        inspect.signature(each).return_annotation
        for each in vars(make).values()
        if inspect.isfunction(each)
    ]
    return any(model.__name__ in str(each).replace("'", "").split(".")[-1] for each in made)


HAS = {
    "admin": has_admin,
    "endpoint": has_endpoint,
    "permission": has_permission,
    "audit": has_audit,
    "make": has_make,
}


@cache
def models_of_endpoints() -> set[type[Model]]:
    (api,) = [
        each for each in get_resolver().url_patterns if getattr(each, "namespace", "") == "api"
    ]
    views = [entry.callback for entry in api.url_patterns if isinstance(entry, URLPattern)]
    querysets = [getattr(getattr(view, "cls", None), "queryset", None) for view in views]
    return {each.model for each in querysets if each is not None}


@cache
def recorded_actions() -> set[str]:
    """Actions passed to a function that records: `AuditLog.objects.record("ticket.opened", …)`.

    A text of that form alone might also be a permission, or a path of fields.
    """
    roots = {Path(settings.BASE_DIR) / model._meta.app_label for model in MODELS}
    return {
        text
        for root in roots
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and "record" in ast.unparse(node.func)
        for text in texts_in(node)
    }


def texts_in(call: ast.Call) -> set[str]:
    """Names may depend: `"ticket.resolved" if done else "ticket.closed"`."""
    values = {
        node.value
        for argument in call.args
        for node in ast.walk(argument)
        if isinstance(node, ast.Constant)
    }
    return {value for value in values if isinstance(value, str) and "." in value}


@pytest.mark.parametrize("what", HAS)
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_a_model_has_everything_that_it_needs(model: type[Model], what: str) -> None:
    reason = WITHOUT.get(model._meta.label, {}).get(what)
    if reason:
        assert not HAS[what](model), f"{model._meta.label} has its {what}: the reason can go."
    else:
        assert HAS[what](model), f"{model._meta.label} lacks its {what} (docs/adding.md)."


def test_reasons_are_of_models_that_are_there() -> None:
    assert sorted(WITHOUT.keys() - {model._meta.label for model in MODELS}) == []
