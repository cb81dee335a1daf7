"""Take over an Ansible inventory: hosts, groups, what is in them, their order, their variables.

Everything is read once, compared in memory, and written with a few statements. With a source, what
the source no longer has goes: servers are deactivated, groups removed. Without one, what an earlier
import has set and is gone is removed, and servers, groups, members and variables that people have
added stay.
"""

from __future__ import annotations

from django.db import transaction

from audit.models import AuditLog
from inventory.ansible import reading
from inventory.models import Inventory, InventorySource, Server
from schema.exceptions import Refused

from .groups import import_groups
from .hosts import import_hosts
from .intake import Intake
from .report import InventoryImport


class Outdated(Refused):
    """What would be written is not what was expected; `report` says what it is now."""

    def __init__(self, report: InventoryImport) -> None:
        super().__init__("The inventory changed since you looked at it. Look again.")
        self.report = report


def import_inventory(
    listed: reading.ListedInventory,
    name: str = "",
    *,
    source: InventorySource | None = None,
    environment: str = "",
    dry_run: bool = False,
    expect: str = "",
) -> InventoryImport:
    """Write it as rows of the source's inventory, or of that of this name (by default the default
    one): all or none of it.

    `expect` is the digest of a dry run's report. Records each changed row, and the import. Raises
    ValidationError for an impossible name, and Refused if the inventory cannot be taken as a whole,
    or is not what was expected. Single hosts may be refused, with a reason.
    """
    with transaction.atomic():
        inventory = source.inventory if source else find_or_make_inventory(name)
        # One import at a time.
        inventory = Inventory.objects.select_for_update().get(pk=inventory.pk)
        intake = Intake(inventory, source, environment)
        servers = import_hosts(listed, intake)
        import_groups(listed, intake, servers, _keys_of_refused(intake))
        report = intake.report
        report.warnings = listed.warnings
        if expect and expect != report.digest():
            raise Outdated(report)
        if report.changes_anything and not dry_run:
            _record(intake)
            _let_others_read_again(intake)
        if dry_run:
            transaction.set_rollback(True)
    return report


def find_or_make_inventory(name: str) -> Inventory:
    """The inventory of this name, made if there is none; without one, the default one."""
    found = Inventory.objects.named(name) if name else Inventory.objects.default()
    if found is None:
        found = Inventory(name=name)
        found.full_clean()
        found.save()
    return found


def _keys_of_refused(intake: Intake) -> set[int]:
    """Servers whose hosts were refused: what they are in stays."""
    names = list(intake.report.refused)
    rows = intake.inventory.servers.filter(inventory_name__in=names) if names else []
    return {server.pk for server in rows}


def _let_others_read_again(intake: Intake) -> None:
    """Values of a group may be those of several sources, and only one owns them.

    When that one changes or gives up a group, the others' unchanged files have something to say.
    """
    edited = [after for before, after in intake.report.touched if before is not None]
    if intake.source and any(not isinstance(row, Server) for row in edited):
        others = intake.inventory.sources.exclude(pk=intake.source.pk)
        others.update(digest="", seen_glance="")


def _record(intake: Intake) -> None:
    action = "inventorysource.synced" if intake.source else "inventory.imported"
    row = intake.source or intake.inventory
    AuditLog.objects.record(action, row, **intake.report.counts())
