"""Tasks for the queue. Each may run twice, late, or not at all."""

from inventory.models import InventorySource

from .performing import perform_sync


def sync_if_asked(pk: int) -> str:
    """Check or sync the source, if somebody has asked for it and no other worker has it."""
    source = InventorySource.objects.select_related("inventory", "asked_by").filter(pk=pk).first()
    if source is None or not source.claim_sync():
        return "nothing to sync"
    # Until the claim, somebody else may have asked for something else.
    source.refresh_from_db()
    return f"{source}: {perform_sync(source)}"
