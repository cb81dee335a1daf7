"""What is due every minute: sources that have changed, or whose interval is over."""

import logging
from datetime import timedelta

from django.utils import timezone

from inventory.models import InventorySource
from inventory.models.source_syncs import SyncCause

from .performing import give_up
from .unread import is_changed

logger = logging.getLogger(__name__)


def ask_due_syncs() -> list[int]:
    """Queue what is due, and wake workers for what still waits. Returns the sources' keys."""
    sources = InventorySource.objects.select_related("inventory")
    for source in sources.lost():
        give_up(source)
    for source in sources.waiting():
        source.wake_for_sync()
    return [source.pk for source in sources.active().idle() if _ask(source)]


def _ask(source: InventorySource) -> bool:
    try:
        cause = _cause(source)
        return bool(cause) and source.ask_sync(None, cause=cause)
    except Exception:
        logger.exception("Could not tell whether “%s” is due for a sync", source)
        return False


def _cause(source: InventorySource) -> str:
    """Why it is due now; "" if it is not."""
    if source.syncs == InventorySource.Syncs.ON_CHANGE and is_changed(source):
        return SyncCause.CHANGED
    if source.syncs == InventorySource.Syncs.BY_INTERVAL:
        pause = timedelta(minutes=source.interval_minutes or 0)
        if source.progress_since is None or source.progress_since + pause <= timezone.now():
            return SyncCause.SCHEDULE
    return ""
