"""The story of one object, in pages: every line about it and about what belongs to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Model

from audit.models import AuditLog, AuditLogQuerySet
from audit.signals import story_asked

from . import kinds
from .entries import Entry

PAGE = 50
# Lines per difference in a story; the page of the audit line shows the rest.
LINES_IN_A_STORY = 30


@dataclass(frozen=True)
class Chapter:
    """Other objects whose lines belong in a story, such as a run's jobs; `words` names them."""

    words: str
    kind: str
    identities: list[str]

    def lines(self) -> AuditLogQuerySet:
        return AuditLog.objects.filter(resource_type=self.kind, resource_id__in=self.identities)


@dataclass(frozen=True)
class Page:
    """Entries, newest first, and the ids of the lines where the neighbouring pages begin."""

    entries: list[Entry]
    older: int | None = None
    newer: int | None = None


class Story:
    def __init__(self, kind: str, identity: str) -> None:
        self.kind, self.identity = kind, identity

    @cached_property
    def row(self) -> Model | None:
        """The object itself, or None if it is gone."""
        return kinds.find_row(self.kind, self.identity)

    @cached_property
    def last(self) -> AuditLog | None:
        """The newest line about it."""
        return self._own().newest_first().first()

    @property
    def is_known(self) -> bool:
        return self.row is not None or self.last is not None

    @property
    def name(self) -> str:
        """Its current name, or its last one."""
        if self.row is not None:
            return str(self.row)
        return (self.last.object_name if self.last else "") or self.identity

    @property
    def kind_in_words(self) -> str:
        return kinds.kind_in_words(self.kind)

    @property
    def url_of_row(self) -> str:
        return kinds.page_of(self.row) if self.row is not None else ""

    @cached_property
    def chapters(self) -> list[Chapter]:
        if self.row is None:
            return []
        answers: Any = story_asked.send(sender=type(self.row), object=self.row)
        return [chapter for _receiver, chapter in answers if chapter and chapter.identities]

    def page(self, *, before: AuditLog | None = None, after: AuditLog | None = None) -> Page:
        """The page before or after the given line; by default the newest."""
        if after is not None:
            lines = self._read(lambda told: told.newer_than(after), is_newest_first=False)
            if len(lines) > PAGE:
                shown = lines[:PAGE][::-1]
                return self._page(shown, older=shown[-1].pk, newer=shown[0].pk)
            before = None  # too few newer lines to fill a page
        if before is None:
            lines = self._read(AuditLogQuerySet.newest_first)
        else:
            lines = self._read(lambda told: told.older_than(before))
        shown = lines[:PAGE]
        return self._page(
            shown,
            older=shown[-1].pk if len(lines) > PAGE else None,
            newer=(shown[0] if shown else before).pk if before is not None else None,
        )

    def _own(self) -> AuditLogQuerySet:
        return AuditLog.objects.filter(resource_type=self.kind, resource_id=self.identity)

    def _read(
        self, words: Callable[[AuditLogQuerySet], AuditLogQuerySet], *, is_newest_first: bool = True
    ) -> list[AuditLog]:
        """Up to PAGE + 1 lines.

        Reads (timestamp, id) first, which the index covers, then the rows: for whole rows MariaDB
        scans the index from its newest entry. It also picks the wrong index if it has to sort the
        lines of chapters, so they are sorted here; there are at most a few thousand.
        """
        told = [words(self._own())[: PAGE + 1]]
        told += [words(chapter.lines()).order_by() for chapter in self.chapters]
        places = {place for lines in told for place in lines.values_list("timestamp", "pk")}
        keys = [pk for _, pk in sorted(places, reverse=is_newest_first)[: PAGE + 1]]
        rows = AuditLog.objects.order_by().in_bulk(keys)
        return [rows[pk] for pk in keys]

    def _page(self, lines: list[AuditLog], **neighbours: int | None) -> Page:
        return Page([self._entry(line) for line in lines], **neighbours)

    def _entry(self, line: AuditLog) -> Entry:
        is_own = (line.resource_type, line.resource_id) == (self.kind, self.identity)
        return Entry(line, LINES_IN_A_STORY, is_aside=not is_own)
