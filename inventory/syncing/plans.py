"""What a sync changes or has changed, as a source's page and API show it: without secrets."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import islice
from typing import Any

from inventory.importing import InventoryImport, ValueDifference
from schema.limits import list_some

# As stored with the source: see `plan_of`.
Plan = dict[str, Any]

# Of a plan that is stored and shown; all of it counts for its digest.
MOST_ROWS = 300
MOST_VALUES = 3_000
LONGEST_VALUE = 1_000
LONGEST_WARNINGS = 5_000
NAMED = 5
# {count: words for it}, in the order in which they are shown.
COUNTS = {
    "added": "servers added",
    "changed": "servers changed",
    "gone": "servers deactivated",
    "returned": "servers activated again",
    "adopted": "servers taken over",
    "refused": "servers refused",
    "unchanged": "servers unchanged",
    "groups_added": "groups added",
    "groups_changed": "groups changed",
    "groups_removed": "groups removed",
}
# What is in a group, or in the inventory: one line each.
MEMBERS = {"servers": "Servers, in order", "groups": "Groups in it, in order"}


def plan_of(report: InventoryImport) -> Plan:
    """{"digest", "counts", "rows", "more", "conflicts", "sentences", "warnings"}.

    The digest stands for everything that differs, shown or not.
    """
    rows = list(_rows(report.differences(), report))
    return {
        "digest": report.digest(),
        "counts": report.counts(),
        "rows": rows[:MOST_ROWS],
        "more": max(0, len(rows) - MOST_ROWS),
        "conflicts": _conflicts(report),
        "sentences": _sentences(report),
        "warnings": report.warnings[:LONGEST_WARNINGS],
        "is_skipped": report.is_skipped,
    }


def failed_plan(reason: str) -> Plan:
    return {"digest": "", "error": reason}


def _rows(
    differences: Iterable[ValueDifference], report: InventoryImport
) -> Iterable[dict[str, Any]]:
    """A row for each server and group, refused ones first, with its values."""
    for name, reason in report.refused.items():
        yield {"kind": "server", "name": name, "change": "refused", "reason": reason, "values": []}
    found: dict[tuple[str, str], dict[str, Any]] = {}
    left = MOST_VALUES
    for each in differences:
        usual = {"kind": each.kind, "name": each.row, "change": "changed", "values": []}
        row = found.setdefault((each.kind, each.row), usual)
        if each.what == "row":
            row["change"] = each.change
        elif left > 0:
            left -= 1
            row["values"].append(_value(each))
    yield from found.values()


def _value(each: ValueDifference) -> dict[str, Any]:
    """As texts; None stands for a value that is not there."""
    return {
        "name": MEMBERS.get(each.what, each.name),
        "file": each.file,
        "change": each.change,
        "before": None if each.change == "added" else _text(each.before),
        "after": None if each.change == "removed" else _text(each.after),
    }


def _text(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        text = list_some(value, 50)
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def _conflicts(report: InventoryImport) -> list[str]:
    words = {"changed": "The source changed", "removed": "The source removed"}
    return [
        f"{words[how]} {name}, which is overridden here: the override stays."
        for how, names in report.conflicts.items()
        for name in islice(names, MOST_ROWS)
    ]


def _sentences(report: InventoryImport) -> list[str]:
    said = {
        "Encrypted": report.encrypted,
        "Stored as text": report.inexact,
        "Left to its group": report.unflattened,
        "Kept as an override": report.overridden,
    }
    lines = [
        f"{words}: {name} of {list_some(rows, NAMED)}."
        for words, found in said.items()
        for name, rows in found.items()
    ]
    lines += [
        f"Gone from the source, but kept for {reason}: {list_some(groups, NAMED)}."
        for reason, groups in report.kept.items()
    ]
    adopted = report.adopted
    return [*lines, *([f"Taken over from here: {list_some(adopted, NAMED)}."] if adopted else [])]
