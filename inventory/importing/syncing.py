"""Read a source, and let the inventory be what it says."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from accounts.models import User
from audit.context import acting_for
from audit.models import AuditLog
from inventory.ansible.reading import ListedInventory, Unreadable, read, read_upload
from inventory.models import InventorySource
from schema.encryption import Undecryptable
from schema.exceptions import Refused
from schema.limits import list_some

from .digests import digest_of_files
from .inventories import Outdated, import_inventory
from .report import InventoryImport

State = InventorySource.State
# In characters, of the message of the last sync.
LONGEST_MESSAGE = 4_000


def sync_source(
    actor: User | None,
    source: InventorySource,
    *,
    dry_run: bool = False,
    environment: str = "",
    expect: str = "",
    always: bool = False,
) -> InventoryImport:
    """Read the source and write what differs; nothing if its files are as they were.

    Without an actor, the system acts. `environment` is for all its hosts, `expect` the digest of a
    dry run's report; `always` reads unchanged files too. Runs scripts and plugins: never in a web
    process. Raises PermissionDenied, Refused, Unreadable or ValidationError, and except for a dry
    run, notes the failure.
    """
    if actor is not None and not actor.has_perm("inventory.sync_inventorysource"):
        raise PermissionDenied("Your role does not allow syncing inventory sources.")
    if not source.is_active:
        raise Refused(f"The inventory source “{source}” is inactive.")
    with acting_for(actor) if actor is not None else nullcontext():
        try:
            digest = digest_of_files(source)
            if digest and digest == source.digest and not (always or environment or expect):
                report = InventoryImport(is_skipped=True)
            else:
                given: dict[str, Any] = {"environment": environment, "expect": expect}
                listed = read_source(source)
                report = import_inventory(listed, source=source, dry_run=dry_run, **given)
        except Outdated:
            raise  # nothing is wrong with it: somebody has to look again
        except (Refused, Unreadable, ValidationError, Undecryptable, OSError) as error:
            if not dry_run:
                note_failure(source, message_of(error))
            raise
        if not dry_run:
            _note_success(source, report, digest)
    return report


def read_source(source: InventorySource) -> ListedInventory:
    """What it has now. Raises Unreadable; of an upload, nothing is executed."""
    if not source.is_upload:
        path = source.located()
        return read(path, keep_environment=source.pass_environment)
    return read_upload(source.content.opened(), source.format)


def message_of(error: Exception) -> str:
    said = " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
    return said[:LONGEST_MESSAGE]


def note_failure(source: InventorySource, message: str) -> None:
    """Recorded unless the last sync failed in the same way: a schedule may repeat it for days."""
    is_known = (source.state, source.message) == (State.FAILED, message)
    _set(source, state=State.FAILED, message=message, digest="")
    if not is_known:
        AuditLog.objects.record("inventorysource.sync_failed", source, message=message)


def _note_success(source: InventorySource, report: InventoryImport, digest: str) -> None:
    now: dict[str, Any] = {"state": State.SYNCED, "synced_at": timezone.now()}
    if not report.is_skipped:
        refused = [f"{host}: {reason}" for host, reason in report.refused.items()]
        now["message"] = f"Refused: {list_some(refused)}"[:LONGEST_MESSAGE] if refused else ""
        # What was refused may be taken next time, whatever the files are.
        now["digest"] = "" if refused else digest
    _set(source, **now)


def _set(source: InventorySource, **values: Any) -> None:
    InventorySource.objects.filter(pk=source.pk).update(**values)
    for name, value in values.items():
        setattr(source, name, value)
