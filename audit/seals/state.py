"""How far the trail is sealed, for its page and for health."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from audit.models import AuditLog, Seal
from console.collected import Condition
from console.times import time_tag

from .lines import LOWEST

# Unsealed lines are counted up to this number.
COUNTED = 10_000
# Sealing is due every five minutes.
OVERDUE = timedelta(minutes=30)
RESULTS = {"intact": "intact", "unknown": "not everything could be checked", "tampered": "tampered"}
MIGRATION = ("audit", "0002_seals")


@dataclass(frozen=True)
class SealState:
    """The newest seal, the number of lines after it, and the line of the last verification."""

    newest: Seal | None
    unsealed: int
    verified: AuditLog | None

    @property
    def unsealed_in_words(self) -> str:
        more = "more than " if self.unsealed > COUNTED else ""
        count = min(self.unsealed, COUNTED)
        return f"{more}{count:,} line{'' if count == 1 else 's'} not sealed yet"

    @property
    def result(self) -> str:
        """The last verification: "intact", "tampered" or "unknown"."""
        return str(self.verified.details.get("status", "")) if self.verified else ""

    @property
    def result_in_words(self) -> str:
        """ "intact", or the first finding."""
        finding = self.verified.details.get("finding") if self.verified else ""
        return str(finding or RESULTS.get(self.result, self.result))

    @property
    def sealed(self) -> str:
        return time_tag(self.newest.sealed_at) if self.newest else ""

    @property
    def verified_ago(self) -> str:
        return time_tag(self.verified.timestamp) if self.verified else ""


def seal_state() -> SealState:
    """Three queries, each bounded by an index."""
    newest = Seal.objects.light().newest()
    lines = _after(newest)[: COUNTED + 1]
    verified = AuditLog.objects.filter(action="audit.verified").newest_first().first()
    return SealState(newest, lines.count(), verified)


def examine_seals() -> Condition:
    """Unhealthy if old lines have not been sealed for half an hour."""
    newest = Seal.objects.light().newest()
    oldest = _after(newest).order_by("id").values_list("timestamp", flat=True).first()
    facts: dict[str, Any] = {
        "last_seal_seconds": _age(newest.sealed_at if newest else None),
        "oldest_unsealed_seconds": _age(oldest),
    }
    since = newest.sealed_at if newest else _first_possible()
    if oldest is None or timezone.now() - max(oldest, since) < OVERDUE:
        return Condition(facts=facts)
    minutes = int((timezone.now() - since).total_seconds() // 60)
    return Condition(
        f"The audit trail has not been sealed for {minutes} min: `manage.py seal_audit` says why.",
        facts,
    )


def _after(newest: Seal | None) -> Any:
    return AuditLog.objects.filter(id__gt=newest.to_id if newest else LOWEST).order_by()


def _first_possible() -> datetime:
    """When sealing came to this database, for one whose lines were never sealed."""
    app, name = MIGRATION
    applied = MigrationRecorder.Migration.objects.filter(app=app, name=name)
    return applied.values_list("applied", flat=True).first() or timezone.now()


def _age(moment: datetime | None) -> float | None:
    if moment is None:
        return None
    return round(max(timezone.now() - moment, timedelta()).total_seconds(), 1)
