"""An inventory source's page: what a sync would change, and the buttons to check and to sync."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.signed_in import signed_in
from inventory.models import InventorySource
from inventory.syncing.plans import COUNTS, Plan
from inventory.syncing.unread import unread_words
from schema.exceptions import Refused

viewers_only = permission_required("inventory.view_inventorysource", raise_exception=True)
syncers_only = permission_required("inventory.sync_inventorysource", raise_exception=True)

UNDER_WAY = "A check or sync of this source is already under way."


@require_safe
@never_cache  # "Back" must not bring the button of a plan that has been carried out.
@viewers_only
def source_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Its state, and what the last check or sync found."""
    return _page(request, _source(pk))


@require_safe
@viewers_only
def source_live(request: HttpRequest, pk: int) -> HttpResponse:
    """The live part of the page."""
    return TemplateResponse(request, "inventory/sources/_source_live.html", _shown(_source(pk)))


@require_POST
@syncers_only
def source_check(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a worker find out what a sync would change; nothing is written."""
    source = _source(pk)
    try:
        if not source.ask_sync(signed_in(request), dry_run=True):
            messages.info(request, UNDER_WAY)
    except Refused as error:
        messages.error(request, str(error))
    return redirect(source)


@require_POST
@syncers_only
def source_sync(request: HttpRequest, pk: int) -> HttpResponse:
    """Sync exactly what was shown, of which the form sends the `digest`; 409 if that has changed.

    Sent twice, it syncs once.
    """
    source = _source(pk)
    digest = request.POST.get("digest", "")
    if source.is_syncing:
        messages.info(request, UNDER_WAY)
        return redirect(source)
    if not source.offers(digest):
        if digest and source.plan.get("synced") == digest:
            messages.info(request, "This has been synced already.")
            return redirect(source)
        return _page(request, source, is_outdated=True)
    try:
        if not source.ask_sync(signed_in(request), expect=digest):
            messages.info(request, UNDER_WAY)
    except Refused as error:
        messages.error(request, str(error))
    return redirect(source)


def _source(pk: int) -> InventorySource:
    related = InventorySource.objects.select_related("inventory", "asked_by")
    return get_object_or_404(related, pk=pk)


def _page(
    request: HttpRequest, source: InventorySource, *, is_outdated: bool = False
) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        **_shown(source),
        "model_admin": admin.site.get_model_admin(InventorySource),
        "is_outdated": is_outdated,
    }
    status = 409 if is_outdated else 200
    template = "inventory/sources/source_detail.html"
    return TemplateResponse(request, template, context, status=status)


def _shown(source: InventorySource) -> dict[str, Any]:
    return {
        "source": source,
        "plan": source.plan,
        "plan_counts": _counts(source.plan),
        "title": str(source),
        "unread": "" if source.is_syncing else unread_words(source),
        "servers": source.servers.count(),
        "groups": source.groups.count(),
    }


def _counts(plan: Plan) -> list[dict[str, str]]:
    """The numbers of a plan that are not 0, with words and a style."""
    counts = plan.get("counts", {})
    styles = {"added": "io-count-ok", "refused": "io-count-failed", "unchanged": ""}
    found = []
    for name, words in COUNTS.items():
        if number := counts.get(name):
            what, how = words.split(" ", 1)
            words = f"{what.removesuffix('s')} {how}" if number == 1 else words
            style = styles.get(name, "io-count-changed")
            found.append({"words": f"{number:,} {words}", "style": style})
    return found
