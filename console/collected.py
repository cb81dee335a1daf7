"""The parts that the whole console is made of: its menu, search, API, roles, health and home.

Each app declares its own in `<app>/parts.py`. They are collected where they are shown: by infraops,
and for what roles may do by accounts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from django.http import HttpRequest

from .parts import Part

if TYPE_CHECKING:
    from rest_framework.viewsets import ViewSetMixin


Place = Literal["top", "half", "full"]


def never(*_anything: Any) -> bool:
    return False


@dataclass(frozen=True, kw_only=True)
class MenuEntry(Part):
    """A link of the sidebar. Groups stand in the order of their first entries, so an order has
    the group in its hundreds: 210 is the first entry of the second group."""

    words: str
    icon: str
    url_name: str
    query: str = ""
    # Who sees it: everybody, without one.
    permission: str = ""
    group: str = ""
    # Pages elsewhere that belong to it, by the names of their URLs.
    pages: tuple[str, ...] = ()
    # What leads there from the keyboard: "g j", or one letter where no page has it itself.
    keys: str = ""


def list_entry(
    group: str, order: int, model: str, words: str, icon: str, keys: str = "", **more: Any
) -> MenuEntry:
    """The list of a model ("app.name"), for whoever may view its rows; `more` are further fields
    of the entry, or other ones than these."""
    app, name = model.split(".")
    usual = {
        "url_name": f"admin:{app}_{name}_changelist",
        "permission": f"{app}.view_{name}",
    }
    return MenuEntry(
        words=words, icon=icon, group=group, keys=keys, order=order, **{**usual, **more}
    )


@dataclass(frozen=True, kw_only=True)
class RowSearch(Part):
    """Rows that the command search finds. `find` is given what was typed; of what it answers, a
    QuerySet, the first few are taken. `describe` says what a row is, below its name."""

    permission: str
    icon: str
    find: Callable[[str], Any]
    describe: Callable[[Any], str]


@dataclass(frozen=True, kw_only=True)
class Verb(Part):
    """What the command search understands besides names: "launch deploy", "dark". `find` is given
    the person's request and what follows the verb, and answers what can be opened: (words, URL)
    pairs, of which the first few are taken."""

    names: tuple[str, ...]
    icon: str
    find: Callable[[HttpRequest, str], Iterable[tuple[str, str]]]
    permission: str = ""


@dataclass(frozen=True, kw_only=True)
class Endpoint(Part):
    """A view set below /api/. Of several with one prefix, the one with the lower order is asked
    first, and the others need a basename."""

    prefix: str
    viewset: type[ViewSetMixin]
    basename: str | None = None
    # What /api/ itself lists: words, and the names of the URLs that they lead to.
    root: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class RolePermissions(Part):
    """What an app lets each role do; an operator may do what a viewer may, an admin all of it.
    Permissions have Django's names ("app.verb_model")."""

    app: str
    viewer: tuple[str, ...] = ()
    operator: tuple[str, ...] = ()
    admin: tuple[str, ...] = ()


@dataclass(frozen=True)
class Condition:
    """How something that has to work does: `reason` says why not, `facts` are for people."""

    reason: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def is_ok(self) -> bool:
        return not self.reason

    def described(self) -> dict[str, Any]:
        return {"status": "ok" if self.is_ok else "unhealthy", "reason": self.reason, **self.facts}


@dataclass(frozen=True, kw_only=True)
class HealthCheck(Part):
    """Something that has to work; `examine` may raise. Where it is the basis of all others,
    nothing else is asked once it has failed."""

    name: str
    examine: Callable[[], Condition]
    is_basis: bool = False


@dataclass(frozen=True, kw_only=True)
class HomeNumbers(Part):
    """What an app counts for its tiles and panels on the home page.

    `figures` take long: they are counted at most every 30 seconds, for everybody at once, and
    have to be picklable. `is_new` says of them that there is hardly anything yet: then they are
    counted each time. `count` is for this moment and this person, and gets the figures.
    """

    app: str
    count: Callable[[HttpRequest, Mapping[str, Any]], dict[str, Any]]
    figures: Callable[[], dict[str, Any]] = dict
    is_new: Callable[[Mapping[str, Any]], bool] = never


@dataclass(frozen=True, kw_only=True)
class HomePart(Part):
    """A template that is filled in with the numbers of its app, and `as_of`, the time of the
    app's figures."""

    app: str
    template: str
    permission: str = ""


@dataclass(frozen=True, kw_only=True)
class HomeTiles(HomePart):
    """Tiles of the row at the top of the home page."""


@dataclass(frozen=True, kw_only=True)
class HomePanel(HomePart):
    """A panel of the home page: above the tiles, or below them on half of the width or all of
    it. While the page is open it is replaced by its name."""

    name: str
    place: Place = "half"


@dataclass(frozen=True, kw_only=True)
class FirstStep(Part):
    """What somebody with a fresh console does next: an item of a list, shown until all is done
    that can be. `is_done` is None for what is never done."""

    template: str
    is_done: Callable[[], bool] | None


@dataclass(frozen=True, kw_only=True)
class MadeUpRows(Part):
    """A step of `manage.py seed_data`. `make` gets demo's World and a function that tells people
    what is going on, and answers how many rows of what it made, for the command's last line.
    `kept`: rows that only people can have made; while there are any, nothing is made up."""

    make: Callable[[Any, Callable[[str], None]], dict[str, int]]
    kept: Callable[[], Iterable[Any]] = tuple


def may_see(request: HttpRequest, permission: str) -> bool:
    """Whether this person may; everybody may where no permission is named."""
    return not permission or request.user.has_perm(permission)
