"""Which URL parameters a list accepts, and what happens to the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from copy import copy
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.admin import ListFilter, SimpleListFilter
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ORDER_VAR, PAGE_VAR, SEARCH_VAR
from django.db.models import Field, IntegerField
from django.http import HttpRequest, HttpResponseRedirect, QueryDict
from django.urls import reverse
from unfold.contrib.filters.admin import RangeDateTimeFilter

from console.objects import is_whole_number
from schema.limits import LONGEST_FILTER, LONGEST_SEARCH, MOST_FILTERS

from .chips import field_of

if TYPE_CHECKING:
    from .admins import ConsoleAdmin
    from .rows import Rows

# What may follow a field's name: "user__id__exact", "created_at_from_0".
ENDINGS = {"", "__isempty", "__exact", "__id__exact", "__in", "__isnull", "__startswith"}
ENDINGS |= {"__gt", "__gte", "__lt", "__lte", "_from_0", "_from_1", "_to_0", "_to_1"}


class WrongFilter(Exception):
    """The URL filters by something that the list does not offer, or by an invalid value."""


@contextmanager
def refuse_wrong_filters() -> Iterator[None]:
    """Raise WrongFilter where Django would answer a bare 400 or show the whole list."""
    try:
        yield
    except (IncorrectLookupParameters, DisallowedModelAdminLookup) as error:
        raise WrongFilter from error


def is_declared(model_admin: ConsoleAdmin, request: HttpRequest, parameter: str) -> bool:
    """True if a filter or cell of the list uses this parameter."""
    fields = {"id", *model_admin.more_filters}
    for each in model_admin.get_list_filter(request):
        fields.add(each[0] if isinstance(each, tuple) else getattr(each, "parameter_name", each))
    for narrowing in model_admin.get_cell_filters().values():
        fields |= {narrowing.parameter, narrowing.none}
    fields.discard("")
    return any(
        parameter.startswith(field) and parameter.removeprefix(field) in ENDINGS for field in fields
    )


def refuse_wrong_values(rows: Rows, request: HttpRequest, filters: Iterable[ListFilter]) -> None:
    """Raise IncorrectLookupParameters for values that would fail or be dropped silently.

    Given several values, a filter for a single one would silently use the last; a number that no
    column can hold is an error on SQLite.
    """
    takes_one = {SEARCH_VAR, ORDER_VAR}
    for each in filters:
        if isinstance(each, SimpleListFilter | RangeDateTimeFilter):
            takes_one |= {name for name in each.expected_parameters() if name}
    for name, values in request.GET.lists():
        longest = LONGEST_SEARCH if name == SEARCH_VAR else LONGEST_FILTER
        if any(len(value) > longest for value in values):
            raise IncorrectLookupParameters(f"{name} is too long.")
        if name in takes_one and len(set(filter(None, values))) > 1:
            raise IncorrectLookupParameters(f"{name} takes one value.")
        if not all(_is_storable(field_of(rows.model, name), name, value) for value in values):
            raise IncorrectLookupParameters(f"{name} is too large.")


def _is_storable(field: Field | None, name: str, value: str) -> bool:
    """False for a number that the column cannot hold."""
    column: Any = getattr(field, "target_field", field)
    if not isinstance(column, IntegerField) or name.endswith(("__isnull", "__isempty")):
        return True
    return all(is_whole_number(part) for part in value.split(",") if part.strip())


def redirect_without_wrong_filters(
    model_admin: ConsoleAdmin, request: HttpRequest
) -> HttpResponseRedirect:
    """Redirect to the list with the valid filters, and name the others in a message."""
    kept = QueryDict("", mutable=True)
    for name, values in _few_filters(request):
        if name == PAGE_VAR:
            continue  # a page that no longer exists
        if _is_usable(model_admin, request, name, values):
            kept.setlist(name, values)
        else:
            _tell(request, name, values)
    if len(kept) == len(request.GET):  # each is valid alone, but not all together
        _tell(request, "these filters", [])
        kept.clear()
    opts = model_admin.opts
    path = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
    return HttpResponseRedirect(f"{path}?{kept.urlencode()}" if kept else path)


def _few_filters(request: HttpRequest) -> list[tuple[str, list[Any]]]:
    """The parameters of the URL; none if there are so many that looking at each takes long."""
    given = list(request.GET.lists())
    if len(given) <= MOST_FILTERS:
        return given
    messages.error(request, f"Ignored {len(given):,} filters: a list takes up to {MOST_FILTERS}.")
    return []


def _is_usable(
    model_admin: ConsoleAdmin, request: HttpRequest, name: str, values: list[Any]
) -> bool:
    alone = copy(request)
    alone.GET = QueryDict(urlencode({name: values}, doseq=True))
    try:
        model_admin.get_changelist_instance(alone)
    except WrongFilter:
        return False
    return True


def _tell(request: HttpRequest, name: str, values: list[str]) -> None:
    what = f"{name}={', '.join(values)}" if values else name
    several = " It takes one value." if len(values) > 1 else ""
    messages.error(request, f"Ignored a filter that this list cannot use: “{what[:200]}”.{several}")
