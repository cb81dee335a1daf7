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
from .sealing import SealingStopped, ends_beyond, fault_of, newest_seal

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
    try:
        newest = newest_seal()
    except SealingStopped:  # health says why
        newest = None
    lines = _after(newest)[: COUNTED + 1]
    verified = AuditLog.objects.filter(action="audit.verified").newest_first().first()
    return SealState(newest, lines.count(), verified)


def examine_seals() -> Condition:
    """Unhealthy if the newest seal is forged, or old lines have not been sealed for half an hour.

    A false seal over all lines to come, which takes one INSERT, would otherwise end the sealing
    unseen.
    """
    try:
        newest = newest_seal()
        fault = fault_of(newest) if newest else ""
    except SealingStopped as stopped:
        newest, fault = None, str(stopped)
    if fault:
        return _not_sealed(fault)
    now = timezone.now()
    # Lines from the future, written by a clock that was ahead, say nothing about now.
    unsealed = _after(newest).filter(timestamp__lte=now).order_by("id")
    oldest = unsealed.values_list("timestamp", flat=True).first()
    facts: dict[str, Any] = {
        "last_seal_seconds": _age(newest.sealed_at if newest else None),
        "oldest_unsealed_seconds": _age(oldest),
    }
    if oldest is None:
        beyond = ends_beyond(newest) if newest else ""
        return _not_sealed(beyond, facts) if beyond else Condition(facts=facts)
    since = newest.sealed_at if newest else _first_possible()
    start = max(oldest, since) if since <= now else oldest
    if now - start < OVERDUE:
        return Condition(facts=facts)
    minutes = int((now - min(since, start)).total_seconds() // 60)
    return Condition(
        f"The audit trail has not been sealed for {minutes} min: `manage.py seal_audit` says why.",
        facts,
    )


def _not_sealed(fault: str, facts: dict[str, Any] | None = None) -> Condition:
    return Condition(
        f"The audit trail is not sealed: {fault} Run `manage.py verify_audit`.", facts or {}
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
