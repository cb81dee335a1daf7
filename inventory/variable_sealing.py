"""Encrypt the secret variables of servers that an older release, or an older list, left in clear.

Whatever is written since then is encrypted anyway. Rows are found by an index (servers.sealed_with)
and written one by one, only if nobody has edited them in between: it may be interrupted and run
again, beside a running console.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F

from audit.models import AuditLog
from console.collected import Condition
from schema.encryption import Undecryptable
from schema.sealing import seal_secrets, sealed_paths

from .host_variables import current_list
from .models import Server

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
        for server in _unsealed():
            _seal(server, report, dry_run=dry_run)
    finally:
        if report.servers and not dry_run:
            done = [f"{report.values} values in {report.servers} servers"]
            AuditLog.objects.record("encryption.sealed", done=done)
    return report


def _unsealed() -> Iterator[Server]:
    last = 0
    rows = Server.objects.filter(sealed_with__lt=current_list()).order_by("pk")
    while batch := list(rows.filter(pk__gt=last)[:ROWS_AT_ONCE]):
        yield from batch
        last = batch[-1].pk


def _seal(server: Server, report: SealingReport, *, dry_run: bool) -> None:
    try:
        sealed = _sealed(server.variables)
    except Undecryptable:
        report.lost.append(server.hostname)
        return
    found = _count(sealed) - _count(server.variables)
    if not dry_run and not _write(server, sealed):
        report.skipped += 1
    elif sealed == server.variables:
        report.unchanged += 1
    else:
        report.servers += 1
        report.values += max(found, 1)


def _sealed(variables: Any) -> Any:
    """The same value if it is no object: an old release took any JSON."""
    return seal_secrets(variables, known=variables) if isinstance(variables, dict) else variables


def _count(variables: Any) -> int:
    return len(list(sealed_paths(variables)))


def _write(server: Server, variables: Any) -> bool:
    """Write the variables unless the row was edited meanwhile. Keeps updated_at: nobody edits."""
    row = Server.objects.filter(pk=server.pk, updated_at=server.updated_at)
    new = {"variables": variables, "sealed_with": current_list(), "updated_at": F("updated_at")}
    return bool(row.update(**new))


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
