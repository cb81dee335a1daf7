"""A check or sync of a source, as a worker performs it."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError

from audit.context import acting_as
from inventory.ansible.reading import Unreadable
from inventory.importing import sync_source
from inventory.importing.inventories import Outdated
from inventory.importing.syncing import message_of, note_failure
from inventory.models import InventorySource
from schema.encryption import Undecryptable
from schema.exceptions import Refused
from schema.retrying import insisting

from .plans import Plan, failed_plan, plan_of
from .unread import glance_at

logger = logging.getLogger(__name__)

CHANGED = "It has changed since the plan was shown. Nothing was synced: review what differs now."
BROKEN = "InfraOps could not sync it ({}). The log of the worker has the details."
# What a person can do something about.
EXPECTED = (Unreadable, Refused, Undecryptable, ValidationError, PermissionDenied, OSError)


def perform_sync(source: InventorySource) -> str:
    """Read it, and write what differs unless it is a dry run. Returns how it ended.

    The source is claimed by this worker. Whatever goes wrong, the claim is given back.
    """
    # Before it is read: a later change is one that was not read.
    seen = {} if source.is_dry_run else {"seen_glance": glance_at(source)}
    with acting_as(source.asked_by):
        plan = _plan(source)
    insisting(lambda: source.end_sync(plan=plan, **seen))
    return "failed" if "error" in plan else "checked" if source.is_dry_run else "synced"


def _plan(source: InventorySource) -> Plan:
    """What differs, or has been written, or why not."""
    is_dry_run = {"dry_run": source.is_dry_run}
    try:
        return _synced(source) | is_dry_run
    except Outdated as outdated:
        return plan_of(outdated.report) | {"dry_run": True, "note": CHANGED}
    except EXPECTED as error:
        return failed_plan(message_of(error)) | is_dry_run
    except Exception as error:
        logger.exception("The sync of “%s” broke", source)
        reason = BROKEN.format(type(error).__name__)
        if not source.is_dry_run:
            insisting(lambda: note_failure(source, reason))
        return failed_plan(reason) | is_dry_run


def _synced(source: InventorySource) -> Plan:
    given: dict[str, Any] = {"dry_run": source.is_dry_run, "expect": source.expected_digest}
    # A check says what would differ even if only servers and groups here have changed.
    report = sync_source(source.asked_by, source, always=source.is_dry_run, **given)
    plan = plan_of(report)
    return plan if source.is_dry_run else plan | {"digest": "", "synced": plan["digest"]}
