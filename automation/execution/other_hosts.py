"""How a run ended on hosts that have no job: the controller itself, and hosts that tasks added."""

from collections.abc import Iterable
from typing import Any

from automation.cut_texts import beginning_of
from automation.models import Job, Outcome
from inventory.models import LOCALHOST

LONGEST_MESSAGE = 2000


def described(host: str, outcome: Outcome) -> dict[str, Any]:
    """An item of Run.other_hosts; `host` is masked."""
    return {
        "host": host[:255],
        "kind": "controller" if host in LOCALHOST else "added",
        "status": str(outcome.status),
        "failure_kind": str(outcome.failure_kind),
        "message": beginning_of(outcome.error_message, LONGEST_MESSAGE),
        "task": outcome.failed_task[:255],
        "place": outcome.failed_place[:500],
        "counts": outcome.counts,
    }


def failures_first(hosts: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Failures first, then the controller, then by name."""
    return sorted(
        hosts,
        key=lambda each: (
            each["status"] != Job.Status.FAILED,
            each["kind"] != "controller",
            each["host"],
        ),
    )
