"""Finds text in a job's log as people read it: without its colours.

The database narrows a log down by LIKE, and Python looks at what is left. Only a line with colours
in its midst can hide the text from LIKE, so those are looked at too.
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

# An error is a warning too: by the least level that one asks for.
LEVELS = {
    JobLog.Level.WARNING.value: [JobLog.Level.WARNING, JobLog.Level.ERROR],
    JobLog.Level.ERROR.value: [JobLog.Level.ERROR],
}


def hits(job: Job, text: str, *, level: str = "", after: int = 0, limit: int) -> list[int]:
    """The numbers of up to `limit` lines after line `after` that have the text (in whatever case)
    and at least the level; without a text, all of that level."""
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
    """Every line that may have the text, and not many more."""
    if connection.vendor == "sqlite" and not text.isascii():
        return lines  # its LIKE knows only ASCII's capitals
    without = Replace(F("content"), Value(ESC), Value(""))
    lines = lines.annotate(sequences=Length("content") - Length(without))
    # As Ansible prints it: one colour for the whole line.
    one_colour = Q(sequences=2, content__startswith=f"{ESC}[", content__endswith=f"{ESC}[0m")
    return lines.filter(Q(content__icontains=text) | Q(sequences__gt=0) & ~one_colour)
