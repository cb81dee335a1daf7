"""Export a whole list as a file: all rows that match its filters, read in batches by key."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model
from django.http import (
    HttpRequest,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.urls import reverse
from django.utils import timezone

from console.signals import list_exported

from .cells import value_at

if TYPE_CHECKING:
    from .admins import ConsoleAdmin
    from .rows import Rows

EXPORTED_ROWS = 100_000
# With more keys in IN (…), MariaDB builds a join instead.
ROWS_AT_ONCE = 500
CONTENT_TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
# Spreadsheets take cells that begin with these for formulas, full-width signs too.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def export(model_admin: ConsoleAdmin, request: HttpRequest, kind: str) -> HttpResponseBase:
    """Export every row or none: a truncated file would look complete.

    Reads the keys first, in the list's order, so that the number of rows is known and no OFFSET is
    needed.
    """
    rows = model_admin.get_changelist_instance(request)
    plain = rows.queryset.prefetch_related(None)
    keys = list(plain.values_list("pk", flat=True)[: EXPORTED_ROWS + 1])
    name = str(model_admin.opts.verbose_name_plural).replace(" ", "_")
    if len(keys) > EXPORTED_ROWS:
        said = f"More than {EXPORTED_ROWS:,} {model_admin.opts.verbose_name_plural} match. "
        messages.error(request, f"{said}Filter the list, by time for instance, and export parts.")
        return HttpResponseRedirect(_list_of(rows) + rows.get_query_string())
    details = {"format": kind, "rows": len(keys), **_told(rows)}
    list_exported.send(sender=model_admin.model, name=name, details=details)
    records = _records(model_admin, request, keys)
    written = _csv(model_admin.exported, records) if kind == "csv" else _json(records)
    response = StreamingHttpResponse(written, content_type=CONTENT_TYPES[kind])
    day = f"{timezone.localdate():%Y-%m-%d}"
    response["Content-Disposition"] = f'attachment; filename="{name}-{day}.{kind}"'
    response["Cache-Control"] = "no-store"
    return response


def _records(
    model_admin: ConsoleAdmin, request: HttpRequest, keys: list[int]
) -> Iterator[dict[str, Any]]:
    """Each row as {column: value}, read in batches."""
    paths = model_admin.exported.values()
    related = {path.rpartition(".")[0].replace(".", "__") for path in paths if "." in path}
    queryset = model_admin.get_queryset(request).order_by().prefetch_related(None)
    queryset = queryset.select_related(None).prefetch_related(*sorted(related))
    for start in range(0, len(keys), ROWS_AT_ONCE):
        piece = keys[start : start + ROWS_AT_ONCE]
        by_key = {row.pk: row for row in queryset.filter(pk__in=piece)}
        for key in piece:
            if key in by_key:  # else deleted meanwhile
                yield _record(model_admin.exported, by_key[key])


def _record(columns: dict[str, str], row: Model) -> dict[str, Any]:
    return {name: _plain(value_at(row, path)) for name, path in columns.items()}


def _plain(value: Any) -> Any:
    """A value for programs: times in UTC, durations in seconds."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.total_seconds() if isinstance(value, timedelta) else value


class _Line:
    """A file for csv.writer that returns each line instead of storing it."""

    def write(self, line: str) -> str:
        return line


def _csv(columns: dict[str, str], records: Iterator[dict[str, Any]]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield writer.writerow(columns)
    for record in records:
        yield writer.writerow(map(_cell, record.values()))


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, cls=DjangoJSONEncoder)
    if isinstance(value, int | float):
        return value
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def _json(records: Iterator[dict[str, Any]]) -> Iterator[str]:
    before = "[\n"
    for record in records:
        yield before + json.dumps(record, ensure_ascii=False, cls=DjangoJSONEncoder)
        before = ",\n"
    yield "\n]\n" if before == ",\n" else "[]\n"


def _told(rows: Rows) -> dict[str, Any]:
    """The filters of the export, for the audit trail."""
    return {"filters": rows.get_filters_params(), **({"search": rows.query} if rows.query else {})}


def _list_of(rows: Rows) -> str:
    return reverse(f"admin:{rows.name}_changelist")
