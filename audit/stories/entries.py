"""One audit line for display: values in words, with links."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from functools import cached_property
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from django.utils import timezone

from audit.models import AuditLog
from console.lists import Day
from console.objects import story_url

from .clients import client_in_words
from .differences import Difference, differences, in_words
from .kinds import kind_in_words, kinds

# Keys of `details` that have their own place on the page.
PLACED = {"actor", "actor_id", "object", "changes", "via", "terminal"}
# Items shown of a list in the details; the API has all of them.
MOST_ITEMS = 100
DAY = Day("timestamp")
SECONDS = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True)
class Item:
    """A value in the details, with the URL of what it names."""

    text: str
    url: str = ""


@dataclass(frozen=True)
class Note:
    """One of the other details: "options · check mode", and its values."""

    name: str
    items: list[Item]
    more: int = 0

    @property
    def is_long(self) -> bool:
        return any("\n" in item.text for item in self.items)


@dataclass(frozen=True)
class Entry:
    """An audit line for a page; `most_lines` limits each difference."""

    line: AuditLog
    most_lines: int = 400
    # True if it appears in another object's story.
    is_aside: bool = False

    # Times are formatted here: a template filter would convert them all to the console's time zone.

    @property
    def local(self) -> str:
        """ "2026-11-21 14:41:12" in the console's time zone; see `zone`."""
        return f"{timezone.localtime(self.line.timestamp):{SECONDS}}"

    @property
    def zone(self) -> str:
        return timezone.localtime(self.line.timestamp).tzname() or ""

    @property
    def utc(self) -> str:
        return f"{self.line.timestamp.astimezone(UTC):{SECONDS}}"

    @property
    def for_machines(self) -> str:
        return self.line.timestamp.isoformat()

    @cached_property
    def differences(self) -> list[Difference]:
        return differences(self.line.details.get("changes"), self.most_lines)

    @cached_property
    def notes(self) -> list[Note]:
        return [
            note
            for name, value in self.line.details.items()
            if name not in PLACED
            for note in _notes(name, value)
        ]

    @property
    def client(self) -> str:
        return client_in_words(self.line.user_agent)

    @property
    def via(self) -> str:
        """How the change came in: "console", "API", a key or a command.

        Empty for lines from older releases.
        """
        return str(self.line.details.get("via") or "")

    @property
    def source(self) -> str:
        """`via`, or "worker" for what a worker did."""
        return "worker" if self._is_by_worker else self.via

    @property
    def terminal(self) -> str:
        """Of a command: "deploy@ops1", or "root@ops1 (sudo by maria)"."""
        where = self.line.details.get("terminal")
        if not isinstance(where, dict) or not where.get("user"):
            return ""
        sudo = f" (sudo by {where['sudo']})" if where.get("sudo") else ""
        return f"{where['user']}@{where.get('host', '')}{sudo}"

    @property
    def who(self) -> str:
        """Who acted. For what a worker did during a person's run, also on whose behalf."""
        name = self.line.actor_name
        if self._is_by_worker and name != "system":
            return f"system, for {name}'s run"
        return name

    @property
    def _is_by_worker(self) -> bool:
        return self.via == "command run_worker"

    @property
    def kind(self) -> str:
        return kind_in_words(self.line.resource_type)

    # Links

    @property
    def url(self) -> str:
        return reverse("admin:audit_auditlog_change", args=[self.line.pk])

    @property
    def story(self) -> str:
        """The URL of all lines about the same object; "" if the line has none."""
        line = self.line
        if not (line.resource_type and line.resource_id):
            return ""
        return story_url(line.resource_type, line.resource_id)

    @property
    def by_who(self) -> str:
        who = self.line.user_id
        return filtered_list_url(**({"user__id__exact": who} if who else {"user__isnull": "True"}))

    @property
    def by_action(self) -> str:
        return filtered_list_url(action__exact=self.line.action)

    @property
    def by_kind(self) -> str:
        return filtered_list_url(resource_type__exact=self.line.resource_type)

    @property
    def by_object(self) -> str:
        line = self.line
        return filtered_list_url(
            resource_type__exact=line.resource_type, resource_id__exact=line.resource_id
        )

    @property
    def by_address(self) -> str:
        return filtered_list_url(ip_address__exact=self.line.ip_address)

    @property
    def by_day(self) -> str:
        return filtered_list_url(**DAY.parameters(self.line))


def filtered_list_url(**parameters: Any) -> str:
    """The URL of the filtered list of lines."""
    given = {name: value for name, value in parameters.items() if value is not None}
    return f"{reverse('admin:audit_auditlog_changelist')}?{urlencode(given)}"


def _notes(name: str, value: Any) -> Iterator[Note]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _notes(f"{name} · {key}", inner)
    elif isinstance(value, list):
        items = [_item(name, each) for each in value[:MOST_ITEMS]]
        yield Note(_spelled(name), items, len(value) - len(items))
    elif value not in (None, ""):
        yield Note(_spelled(name), [_item(name, value)])


def _item(name: str, value: Any) -> Item:
    """An Item; the UUID of a job, also in a list of "jobs", links to the job's story."""
    kind = name.removesuffix("s")
    if kind in kinds() and isinstance(value, str) and _is_uuid(value):
        return Item(value, story_url(kind, value))
    return Item(in_words(value))


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _spelled(name: str) -> str:
    return name.replace("_", " ")
