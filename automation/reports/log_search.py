"""Search a job's log for text as people see it: without colours.

LIKE narrows the log down in the database; Python checks what is left. Only lines with colours
inside them can hide the text from LIKE, so those are always checked.
"""

from collections.abc import Iterator
from itertools import islice

from django.db import connection
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Length, Replace

from automation.ansi import ESC, plain
from automation.models import Job, JobLog

MOST_HITS = 1000
LONGEST_TEXT = 200
AT_ONCE = 5000

# Minimum level: errors are included in warnings.
LEVELS = {
    JobLog.Level.WARNING.value: [JobLog.Level.WARNING, JobLog.Level.ERROR],
    JobLog.Level.ERROR.value: [JobLog.Level.ERROR],
}


def hits(job: Job, text: str, *, level: str = "", after: int = 0, limit: int) -> list[int]:
    """Numbers of up to `limit` lines after line `after` that contain the text, ignoring case.

    `level` is the minimum level. Without a text, all lines of that level match.
    """
    lines = job.logs.order_by("line_number")
    if level:
        lines = lines.filter(log_level__in=LEVELS[level])
    text = text[:LONGEST_TEXT]
    if not text:
        numbers = lines.filter(line_number__gt=after).values_list("line_number", flat=True)
        return list(numbers[:limit])
    return list(islice(_with_text(lines, text, after), limit))


def _with_text(lines: QuerySet[JobLog], text: str, after: int) -> Iterator[int]:
    wanted = text.lower()
    candidates = _candidates(lines, text).values_list("line_number", "content")
    while True:
        rows = list(candidates.filter(line_number__gt=after)[:AT_ONCE])
        yield from (number for number, content in rows if wanted in plain(content).lower())
        if len(rows) < AT_ONCE:
            return
        after = rows[-1][0]


def _candidates(lines: QuerySet[JobLog], text: str) -> QuerySet[JobLog]:
    """All lines that may contain the text, and not many more."""
    if connection.vendor == "sqlite" and not text.isascii():
        return lines  # SQLite's LIKE ignores case only in ASCII
    without = Replace(F("content"), Value(ESC), Value(""))
    lines = lines.annotate(sequences=Length("content") - Length(without))
    # As Ansible prints it: one colour for the whole line.
    one_colour = Q(sequences=2, content__startswith=f"{ESC}[", content__endswith=f"{ESC}[0m")
    return lines.filter(Q(content__icontains=text) | Q(sequences__gt=0) & ~one_colour)
