"""Whether a source has changed since it was last synced: for the worker's clock and for pages."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from django.core.exceptions import ValidationError

from console.times import relative_time
from inventory.importing.digests import digest_of_files
from inventory.models import InventorySource
from schema.exceptions import Refused

from .looking import Look, look_at


def glance_at(source: InventorySource) -> str:
    """What changes with each change of its files or upload; "" if they cannot be looked at."""
    if source.is_upload:
        # The encrypted text is another one with each upload.
        return hashlib.sha256(str(source.content).encode()).hexdigest()
    look = _look_at(source)
    return look.glance if look else ""


def is_changed(source: InventorySource) -> bool:
    """True if it is not what was last read, or was never read. Reads it only if a time differs."""
    glance = glance_at(source)
    if not glance or glance == source.seen_glance:
        return False
    try:
        return not source.digest or digest_of_files(source) != source.digest
    except (OSError, Refused, ValidationError):
        return True


def unread_words(source: InventorySource) -> str:
    """That it has changed and was not read yet, as a sentence; "" if not."""
    if source.synced_at is None:
        return ""
    if source.is_upload:
        return f"“{source}” was replaced and has not been synced yet." if is_changed(source) else ""
    look = _look_at(source)
    if look is None:
        return f"“{source}” cannot be read on disk: {source.path}."
    if not is_changed(source):
        return ""
    if look.changed_at <= source.synced_at:
        return f"“{source}” has changed on disk since it was last read."
    when = relative_time(look.changed_at)
    return f"“{source}” changed on disk {when} and has not been read yet."


def unread_sources(inventory_ids: Iterable[int | None]) -> list[tuple[InventorySource, str]]:
    """The active sources of these inventories that have changed since, with a sentence each."""
    sources = InventorySource.objects.active().filter(inventory__in=set(inventory_ids))
    found = [(source, unread_words(source)) for source in sources.select_related("inventory")]
    return [(source, words) for source, words in found if words]


def _look_at(source: InventorySource) -> Look | None:
    try:
        return look_at(source.located())
    except ValidationError:
        return None
