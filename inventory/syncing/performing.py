"""A check or sync of a source, as a worker or a command performs it."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError

from audit.context import acting_as
from inventory.ansible.reading import Unreadable
from inventory.importing import InventoryImport, sync_source
from inventory.importing.inventories import Outdated
from inventory.importing.syncing import message_of, note_failure
from inventory.models import InventorySource
from inventory.models.source_syncs import LOST_AFTER
from schema.encryption import Undecryptable
from schema.exceptions import Refused
from schema.retrying import insisting

from .plans import Plan, failed_plan, plan_of
from .unread import glance_at

logger = logging.getLogger(__name__)

CHANGED = "It has changed since the plan was shown. Nothing was synced: review what differs now."
BROKEN = "InfraOps could not sync it ({}). The log of the worker has the details."
LOST = f"The worker that was syncing it has been gone for {LOST_AFTER.seconds // 60} minutes."
# What a person can do something about: in the source, and elsewhere.
OF_SOURCE = (Unreadable, Refused, ValidationError)
EXPECTED = (*OF_SOURCE, Undecryptable, PermissionDenied, OSError)


def perform_sync(source: InventorySource) -> str:
    """Read it, and write what differs unless it is a dry run. Returns how it ended.

    The source is claimed by this worker. Whatever goes wrong, the claim is given back.
    """
    # Before it is read: a later change is one that was not read.
    glance = glance_at(source)
    with acting_as(source.asked_by):
        plan, is_read = _plan(source)
    # What failed for another reason is as good as not seen, and tried again.
    seen = {"seen_glance": glance} if is_read and not source.is_dry_run else {}
    insisting(lambda: source.end_sync(plan=plan, **seen))
    return "failed" if "error" in plan else "checked" if source.is_dry_run else "synced"


def sync_at_once(source: InventorySource, **how: Any) -> InventoryImport:
    """For commands: `sync_source` as the system, which the source's page then shows as a sync."""
    glance = glance_at(source)
    report = sync_source(None, source, **how)
    if not how.get("dry_run"):
        rows = InventorySource.objects.filter(pk=source.pk)
        rows.update(plan=_carried_out(report), seen_glance=glance)
    return report


def give_up(source: InventorySource) -> None:
    """End a check or sync whose worker is gone."""
    plan = failed_plan(LOST) | {"dry_run": source.is_dry_run}
    if source.end_sync(plan=plan) and not source.is_dry_run:
        note_failure(source, LOST)


def _plan(source: InventorySource) -> tuple[Plan, bool]:
    """What differs, or has been written, or why not; and whether its files account for that."""
    is_dry_run = {"dry_run": source.is_dry_run}
    try:
        return _synced(source), True
    except Outdated as outdated:
        return plan_of(outdated.report) | {"dry_run": True, "note": CHANGED}, True
    except EXPECTED as error:
        return failed_plan(message_of(error)) | is_dry_run, isinstance(error, OF_SOURCE)
    except Exception as error:
        logger.exception("The sync of “%s” broke", source)
        reason = BROKEN.format(type(error).__name__)
        if not source.is_dry_run:
            insisting(lambda: note_failure(source, reason))
        return failed_plan(reason) | is_dry_run, False


def _synced(source: InventorySource) -> Plan:
    given: dict[str, Any] = {"dry_run": source.is_dry_run, "expect": source.expected_digest}
    # A check says what would differ even if only servers and groups here have changed.
    report = sync_source(source.asked_by, source, always=source.is_dry_run, **given)
    return plan_of(report) | {"dry_run": True} if source.is_dry_run else _carried_out(report)


def _carried_out(report: InventoryImport) -> Plan:
    plan = plan_of(report)
    return plan | {"digest": "", "synced": plan["digest"], "dry_run": False}
