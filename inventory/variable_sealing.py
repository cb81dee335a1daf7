"""Encrypt the secret variables of servers that an older release, or an older list, left in clear.

Whatever is written since then is encrypted anyway. Rows are found by an index (servers.sealed_with)
and written one by one, only if nobody has edited them in between: it may be interrupted and run
again, beside a running console.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from django.db.models import F

from audit.models import AuditLog
from console.collected import Condition
from schema.encryption import Undecryptable
from schema.sealing import seal_secrets, sealed_paths

from .host_variables import current_list, sealed_files
from .models import Server, ServerGroup
from .models.own_variables import OwnVariables

ROWS_AT_ONCE = 200
# How many servers health names, and counts at most.
NAMED = 3
COUNTED = 1_000


@dataclass
class SealingReport:
    """Counts of servers and values; `skipped` were edited meanwhile; `lost` names servers."""

    servers: int = 0
    values: int = 0
    unchanged: int = 0
    skipped: int = 0
    lost: list[str] = field(default_factory=list)


def seal_rows(*, dry_run: bool = False) -> SealingReport:
    """Encrypt what the rows have in clear. One audit line for all, even if it is interrupted."""
    report = SealingReport()
    try:
        for row in chain(_unsealed(Server), _unsealed(ServerGroup)):
            _seal(row, report, dry_run=dry_run)
    finally:
        if report.servers and not dry_run:
            done = [f"{report.values} values in {report.servers} servers"]
            AuditLog.objects.record("encryption.sealed", done=done)
    return report


def _unsealed(model: Any) -> Iterator[OwnVariables]:
    last = 0
    rows = model.objects.filter(sealed_with__lt=current_list()).order_by("pk")
    while batch := list(rows.filter(pk__gt=last)[:ROWS_AT_ONCE]):
        yield from batch
        last = batch[-1].pk


def _seal(row: OwnVariables, report: SealingReport, *, dry_run: bool) -> None:
    stored = [row.variables, row.variable_files]
    try:
        sealed = [
            _sealed(row.variables),
            sealed_files(row.variable_files),
        ]
    except Undecryptable:
        report.lost.append(str(row))
        return
    found = _count(sealed) - _count(stored)
    if not dry_run and not _write(row, sealed):
        report.skipped += 1
    elif sealed == stored:
        report.unchanged += 1
    else:
        report.servers += 1
        report.values += max(found, 1)


def _sealed(variables: Any) -> Any:
    """The same value if it is no object: an old release took any JSON."""
    return seal_secrets(variables, known=variables) if isinstance(variables, dict) else variables


def _count(values: Any) -> int:
    return len(list(sealed_paths(values)))


def _write(row: Any, sealed: list[Any]) -> bool:
    """Write the variables unless the row was edited meanwhile. Keeps updated_at: nobody edits."""
    unchanged = type(row).objects.filter(pk=row.pk, updated_at=row.updated_at)
    new = dict(zip(("variables", "variable_files"), sealed, strict=True))
    new |= {"sealed_with": current_list(), "updated_at": F("updated_at")}
    return bool(unchanged.update(**new))


def examine_variables() -> Condition:
    """How many servers may have secrets in clear. No reason to take a console out of service.

    Reads a few index entries.
    """
    rows = Server.objects.filter(sealed_with__lt=current_list()).order_by()
    count = len(rows.values_list("pk", flat=True)[:COUNTED])
    if not count:
        return Condition(facts={"unsealed_servers": 0})
    names = ", ".join(rows.values_list("hostname", flat=True)[:NAMED])
    advice = f"Secrets may be stored in clear ({names} …): run `manage.py seal_variables`."
    return Condition(facts={"unsealed_servers": count, "advice": advice})
