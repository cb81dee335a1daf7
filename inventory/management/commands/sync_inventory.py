"""Sync inventory sources: read them again, and write what differs."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from inventory.ansible.reading import Unreadable
from inventory.importing import InventoryImport, ValueDifference, sync_source
from inventory.models import InventorySource
from schema.encryption import Undecryptable
from schema.exceptions import Refused

SIGNS = {"added": "+", "changed": "~", "removed": "-"}


class Command(BaseCommand):
    help = (
        "Sync inventory sources: read them again, and print value by value what differs. Servers "
        "that are gone from their source are deactivated, and active again when they are back. "
        "Exit status 1 when a source cannot be read or taken; the others are synced all the same."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "sources",
            nargs="*",
            metavar="SOURCE",
            help="name or name@inventory; by default every active source",
        )
        parser.add_argument("--dry-run", action="store_true", help="show what would be done")
        parser.add_argument("--force", action="store_true", help="read unchanged files, too")

    def handle(self, *args: Any, **options: Any) -> None:
        failed = 0
        for source in self._chosen(options["sources"]):
            self.stdout.write(self.style.MIGRATE_HEADING(f"{source.name} ({source.inventory})"))
            try:
                report = sync_source(
                    None, source, dry_run=options["dry_run"], always=options["force"]
                )
            except ValidationError as error:
                failed += self._fail(" ".join(error.messages))
            except (Unreadable, Refused, Undecryptable, OSError) as error:
                failed += self._fail(str(error))
            else:
                self._tell(report, dry_run=options["dry_run"])
        if failed:
            raise CommandError(f"{failed} source{'s' * (failed > 1)} failed.")

    def _chosen(self, names: list[str]) -> list[InventorySource]:
        rows = InventorySource.objects.select_related("inventory")
        try:
            return [rows.named(name) for name in names] or list(rows.active())
        except Refused as error:
            raise CommandError(str(error)) from None

    def _fail(self, reason: str) -> int:
        self.stdout.write(self.style.ERROR(f"Failed: {reason}"))
        return 1

    def _tell(self, report: InventoryImport, *, dry_run: bool) -> None:
        if report.is_skipped:
            self.stdout.write("Unchanged since the last sync.")
            return
        if dry_run:
            self.stdout.write("Dry run: nothing was written. Would be:")
        for each in report.differences():
            self.stdout.write(f"  {SIGNS[each.change]} {written(each)}")
        for conflict, names in report.conflicts.items():
            for name in names:
                self.stdout.write(f"  ! {conflict} under an override: {name}")
        for what, names in report.kept.items():
            self.stdout.write(f"  Gone, but kept for {what}: {', '.join(names)}")
        for host, reason in report.refused.items():
            self.stdout.write(self.style.ERROR(f"Refused: {host}: {reason}"))
        counts = [f"{count} {what.replace('_', ' ')}" for what, count in report.counts().items()]
        self.stdout.write(", ".join(each for each in counts if not each.startswith("0 ")))


def written(difference: ValueDifference) -> str:
    """ "server web1: port: 80 → 8080 (group_vars/web.yml)"."""
    words = f"{difference.kind} {difference.row}".strip()
    if difference.what == "row":
        return words
    values = (difference.before, difference.after)
    before, after = (json.dumps(value, ensure_ascii=False) for value in values)
    shown = {"added": after, "changed": f"{before} → {after}", "removed": before}
    place = f" ({difference.file})" if difference.file else ""
    name = difference.name or difference.what
    return f"{words}: {name}: {shown[difference.change]}{place}"
