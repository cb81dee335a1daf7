"""What apps add to the list of a model, and to the page of one of its rows.

The model is named as "inventory.Server", so that a declaration needs no import of it. What the list
has of its own (columns, filters, actions) stands at 0: a part with a lower `order` comes before it,
the others after it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse

from .parts import Part, parts_of

if TYPE_CHECKING:
    from .lists.admins import ConsoleAdmin
    from .lists.cells import Narrow
    from .lists.rows import Rows

# What the template of a panel gets besides what its page has.
PanelContext = dict[str, Any]


def nothing_more(request: HttpRequest, row: Any) -> PanelContext:
    return {}


@dataclass(frozen=True, kw_only=True)
class ModelPart(Part):
    """The base of what is added to one model; `model` is "inventory.Server"."""

    model: str


@dataclass(frozen=True, kw_only=True)
class ColumnPart(ModelPart):
    """`show(row)` gives the text of a cell and has its heading from `admin.display`; it goes by its
    own name in URLs. `attach(rows)` gives the rows of one page what `show` and `cell_filter` need,
    in a fixed number of queries; several columns may share one, which is then called once."""

    show: Callable[[Any], Any]
    cell_filter: "Narrow | None" = None
    attach: Callable[[Sequence[Any]], None] | None = None


@dataclass(frozen=True, kw_only=True)
class FilterPart(ModelPart):
    """`list_filter`: as it would stand in `ModelAdmin.list_filter`, a class or (field, class)."""

    list_filter: Any


@dataclass(frozen=True, kw_only=True)
class ActionPart(ModelPart):
    """`act(model_admin, request, queryset)` has its words from `admin.action`. Nobody without the
    permission ("automation.launch_playbook") is offered it, or can send it. `acted_rows`: how many
    rows it takes, where a list's usual number is too few."""

    act: Callable[["ConsoleAdmin", HttpRequest, QuerySet[Any]], HttpResponse | None]
    permission: str
    acted_rows: int | None = None

    @property
    def name(self) -> str:
        return self.act.__name__


@dataclass(frozen=True, kw_only=True)
class PanelPart(ModelPart):
    """A fragment at a place of the page of one row: `{% panels server "facts" %}` shows those of
    that place. The template sees what its page has, and what `context(request, row)` gives; a
    context that several panels of a page name is asked for once."""

    template: str
    place: str = "main"
    context: Callable[[HttpRequest, Any], PanelContext] = nothing_more


@dataclass(frozen=True, kw_only=True)
class ListToolPart(Part):
    """A fragment above each list. The template sees what the list's page has (its Rows are `cl`),
    and what `context(request, rows)` gives."""

    template: str
    context: Callable[[HttpRequest, "Rows"], PanelContext] = nothing_more


Kind = TypeVar("Kind", bound=ModelPart)


def parts_for(model: type[Model], kind: type[Kind]) -> list[Kind]:
    """Those of a kind that are for this model, in their order."""
    return [part for part in parts_of(kind) if part.model == model._meta.label]


def panels_at(model: type[Model], place: str) -> list[PanelPart]:
    """The panels of one place on the page of a row of this model."""
    return [part for part in parts_for(model, PanelPart) if part.place == place]


def beside(
    own: Iterable[Any], parts: Iterable[Kind], contributed: Callable[[Kind], Any]
) -> list[Any]:
    """What parts contribute, around what the list has of its own."""
    before: list[Any] = []
    after: list[Any] = []
    for part in parts:
        (before if part.order < 0 else after).append(contributed(part))
    return [*before, *own, *after]
