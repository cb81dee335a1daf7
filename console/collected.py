"""Kinds of parts for the whole console: menu, search, API, roles, health and home page.

Each app declares its own in `<app>/parts.py`. infraops collects and shows them; accounts reads what
the roles may do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from django.http import HttpRequest

from .parts import Part, VisiblePart, parts_of

if TYPE_CHECKING:
    from rest_framework.viewsets import ViewSetMixin


Place = Literal["top", "half", "full"]
Visible = TypeVar("Visible", bound=VisiblePart)


def never(*_anything: Any) -> bool:
    return False


@dataclass(frozen=True, kw_only=True)
class MenuEntry(VisiblePart):
    """A link in the sidebar.

    Groups appear in the order of their first entries. By convention the hundreds of `order` are the
    group: 210 is the first entry of the second group.
    """

    words: str
    icon: str
    url_name: str
    query: str = ""
    permission: str = ""
    group: str = ""
    # URL names of other pages that count as part of this entry.
    pages: tuple[str, ...] = ()
    # True: also shown as a button in the header of every page.
    in_header: bool = False
    # Keyboard shortcut: "g j", or a single letter that no page uses itself.
    keys: str = ""


def list_entry(
    group: str, order: int, model: str, words: str, icon: str, keys: str = "", **more: Any
) -> MenuEntry:
    """The menu entry for a model's list ("app.name"), visible to whoever may view its rows.

    `more` sets further fields of the entry, or overrides the usual ones.
    """
    app, name = model.split(".")
    usual = {
        "url_name": f"admin:{app}_{name}_changelist",
        "permission": f"{app}.view_{name}",
    }
    return MenuEntry(
        words=words, icon=icon, group=group, keys=keys, order=order, **{**usual, **more}
    )


@dataclass(frozen=True, kw_only=True)
class RowSearch(VisiblePart):
    """Rows that the command search finds.

    `find(text)` returns a QuerySet for what was typed; the first few rows are shown.
    `describe(row)` is the line below the row's name.
    """

    icon: str
    find: Callable[[str], Any]
    describe: Callable[[Any], str]


@dataclass(frozen=True, kw_only=True)
class Verb(VisiblePart):
    """A verb of the command search: "launch deploy", "dark".

    `find(request, rest)` gets what follows the verb, and returns (label, URL) pairs; the first few
    are shown.
    """

    names: tuple[str, ...]
    icon: str
    find: Callable[[HttpRequest, str], Iterable[tuple[str, str]]]
    permission: str = ""


@dataclass(frozen=True, kw_only=True)
class Endpoint(Part):
    """A viewset below /api/.

    If several share a prefix, the one with the lower `order` is tried first, and the others need a
    basename.
    """

    prefix: str
    viewset: type[ViewSetMixin]
    basename: str | None = None
    # Entries for the API root: {label: URL name}.
    root: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class RolePermissions(Part):
    """What each role may do in an app, as Django permissions ("app.verb_model").

    Auditors and operators may also do what viewers may; admins may do everything.
    """

    app: str
    viewer: tuple[str, ...] = ()
    auditor: tuple[str, ...] = ()
    operator: tuple[str, ...] = ()
    admin: tuple[str, ...] = ()


@dataclass(frozen=True)
class Condition:
    """Result of a health check: `reason` is what is wrong, if anything; `facts` are for people."""

    reason: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def is_ok(self) -> bool:
        return not self.reason

    def described(self) -> dict[str, Any]:
        return {"status": "ok" if self.is_ok else "unhealthy", "reason": self.reason, **self.facts}


@dataclass(frozen=True, kw_only=True)
class HealthCheck(Part):
    """Something that has to work; `examine` may raise.

    If an `is_basis` check fails, the others are not run.
    """

    name: str
    examine: Callable[[], Condition]
    is_basis: bool = False


@dataclass(frozen=True, kw_only=True)
class QueueTask(Part):
    """A function that workers may run from the queue ("automation.tasks.run_next").

    They refuse every other one. Its arguments are plain values.
    """

    function: str


@dataclass(frozen=True, kw_only=True)
class HomeNumbers(Part):
    """What an app counts for its tiles and panels on the home page.

    `figures` is slow: it is computed at most every 30 seconds, once for all users, and must be
    picklable. `is_new(figures)` says that there is hardly any data yet; then it is computed each
    time. `count(request, figures)` is for this moment and this user.
    """

    app: str
    count: Callable[[HttpRequest, Mapping[str, Any]], dict[str, Any]]
    figures: Callable[[], dict[str, Any]] = dict
    is_new: Callable[[Mapping[str, Any]], bool] = never


@dataclass(frozen=True, kw_only=True)
class HomePart(VisiblePart):
    """A template on the home page.

    Its context has the numbers of its app and `as_of`, the time of the app's figures.
    """

    app: str
    template: str
    permission: str = ""


@dataclass(frozen=True, kw_only=True)
class HomeTiles(HomePart):
    """Tiles in the row at the top of the home page."""


@dataclass(frozen=True, kw_only=True)
class HomePanel(HomePart):
    """A panel of the home page: above the tiles, or below them at half or full width.

    While the page is open, the panel is refreshed by its name.
    """

    name: str
    place: Place = "half"


@dataclass(frozen=True, kw_only=True)
class FirstStep(Part):
    """An item in the list of first steps on a new console, shown until every step is done.

    `is_done` is None for a step that is never done.
    """

    template: str
    is_done: Callable[[], bool] | None


@dataclass(frozen=True, kw_only=True)
class MadeUpRows(Part):
    """A step of `manage.py seed_data`.

    `make(world, say)` gets demo's World and a function that prints progress, and returns {what:
    rows made} for the command's last line. `kept()` yields rows that only people can have made; if
    there are any, nothing is made up.
    """

    make: Callable[[Any, Callable[[str], None]], dict[str, int]]
    kept: Callable[[], Iterable[Any]] = tuple


def may_see(request: HttpRequest, permission: str) -> bool:
    """True if the user has the permission, or none is required."""
    return not permission or request.user.has_perm(permission)


def visible_parts(request: HttpRequest, kind: type[Visible]) -> list[Visible]:
    """The parts of this kind that the user may see, in order."""
    return [part for part in parts_of(kind) if may_see(request, part.permission)]
