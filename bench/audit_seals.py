"""What sealing and verifying the audit trail take, beside writing and reading the same lines.

50,000 lines are written in bulk, read plainly (every column, in batches), sealed and verified. A
ratio is to the plain reading: that much has to be read in any case.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

from django.conf import settings

from audit.models import AuditLog
from audit.seals import sealing
from audit.seals.sealing import seal_trail
from audit.seals.verifying import verify_trail
from bench.table import Table

LINES = 50_000
AT_ONCE = 2_000
DETAILS = {
    "status": "success",
    "playbook": "Rolling update",
    "server": "web-01.example.com",
    "seconds": 12.345,
    "options": {"check_mode": True, "tags": "web,config"},
}


def measure(options: argparse.Namespace) -> Table:
    table = Table(
        f"{LINES:,} audit lines",
        ["what", "seconds", "lines a second", "ratio to reading"],
        note="In one process, once each.",
    )
    times = {"writing": timed(write), "reading, every column": timed(read)}
    sealing.SETTLED_AFTER -= sealing.SETTLED_AFTER
    times["sealing"] = timed(seal_trail)
    times["verifying"] = timed(verify)
    plain = times["reading, every column"]
    for what, seconds in times.items():
        table.add(what, f"{seconds:.2f} s", f"{LINES / seconds:,.0f}", f"{seconds / plain:.1f}")
    return table


def timed(call: Callable[[], Any]) -> float:
    started = perf_counter()
    call()
    return perf_counter() - started


def write() -> None:
    details = {**DETAILS, "actor": "system", "actor_id": None}
    lines = (AuditLog(action="job.finished", details=details) for _ in range(LINES))
    AuditLog.objects.bulk_create(lines, batch_size=500)


def read() -> None:
    last = 0
    while rows := list(AuditLog.objects.filter(id__gt=last).order_by("id").values_list()[:AT_ONCE]):
        last = rows[-1][0]


def verify() -> None:
    found = verify_trail(Path(settings.AUDIT_HEADS_FILE))
    if found.findings or found.unsealed:
        raise RuntimeError(f"The trail is not intact: {found}")
