"""What apps add to a model's list and to the page of one of its rows.

Models are named as "inventory.Server", so that declaring a part imports nothing. The list's own
columns, filters and actions count as order 0: parts with a lower `order` come before them, the
others after.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse

from .parts import Part, VisiblePart, parts_of

if TYPE_CHECKING:
    from .lists.admins import ConsoleAdmin
    from .lists.cells import Narrow
    from .lists.rows import Rows

# Context of a panel's template, added to that of its page.
PanelContext = dict[str, Any]


def nothing_more(request: HttpRequest, row: Any) -> PanelContext:
    return {}


@dataclass(frozen=True, kw_only=True)
class ModelPart(Part):
    """The base of parts for one model; `model` is "inventory.Server"."""

    model: str


@dataclass(frozen=True, kw_only=True)
class ColumnPart(ModelPart):
    """A column of a list.

    `show(row)` returns the cell's text; `admin.display` sets its heading, and its name is used in
    URLs. `attach(rows)` gives the rows of a page what `show` and `cell_filter` need, in a fixed
    number of queries; columns that share the same function cause one call.
    """

    show: Callable[[Any], Any]
    cell_filter: "Narrow | None" = None
    attach: Callable[[Sequence[Any]], None] | None = None


@dataclass(frozen=True, kw_only=True)
class FilterPart(ModelPart):
    """A filter; `list_filter` is an item of `ModelAdmin.list_filter`: a class or (field, class)."""

    list_filter: Any


@dataclass(frozen=True, kw_only=True)
class ActionPart(ModelPart, VisiblePart):
    """An action on selected rows, for users with the permission ("automation.launch_playbook").

    `act(model_admin, request, queryset)` gets its label from `admin.action`. `acted_rows` is the
    most rows it takes, where a list's usual maximum is too few.
    """

    act: Callable[["ConsoleAdmin", HttpRequest, QuerySet[Any]], HttpResponse | None]
    acted_rows: int | None = None

    @property
    def name(self) -> str:
        return self.act.__name__


@dataclass(frozen=True, kw_only=True)
class PanelPart(ModelPart):
    """A fragment on the page of one row; `{% panels server "facts" %}` shows those for that place.

    The template gets the page's context and what `context(request, row)` returns. Panels that share
    a `context` function cause one call per page.
    """

    template: str
    place: str = "main"
    context: Callable[[HttpRequest, Any], PanelContext] = nothing_more


@dataclass(frozen=True, kw_only=True)
class ListToolPart(Part):
    """A fragment above every list.

    The template gets the list page's context (its Rows are `cl`) and what `context(request, rows)`
    returns.
    """

    template: str
    context: Callable[[HttpRequest, "Rows"], PanelContext] = nothing_more


Kind = TypeVar("Kind", bound=ModelPart)


def parts_for(model: type[Model], kind: type[Kind]) -> list[Kind]:
    """The parts of this kind for this model, in order."""
    return [part for part in parts_of(kind) if part.model == model._meta.label]


def panels_at(model: type[Model], place: str) -> list[PanelPart]:
    """The panels for one place on this model's page."""
    return [part for part in parts_for(model, PanelPart) if part.place == place]


def beside(
    own: Iterable[Any], parts: Iterable[Kind], contributed: Callable[[Kind], Any]
) -> list[Any]:
    """The list's own items, with the contributed ones before and after them by `order`."""
    before: list[Any] = []
    after: list[Any] = []
    for part in parts:
        (before if part.order < 0 else after).append(contributed(part))
    return [*before, *own, *after]
