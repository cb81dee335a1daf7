"""The change list: filters live in the URL, and counting is capped."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib.admin.views.main import ORDER_VAR, PAGE_VAR
from django.core.paginator import Paginator
from django.db.models import DateTimeField, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from unfold.views import ChangeList

from console.objects import is_whole_number
from console.pages import ColumnPart, parts_for

from .cells import ListColumn
from .chips import Chip, chips
from .parameters import refuse_wrong_values

if TYPE_CHECKING:
    from .admins import ConsoleAdmin

COUNTED_ROWS = 10_000


class AtLeast(int):
    """A capped count, shown as "10000+"."""

    def __str__(self) -> str:
        return f"{int(self)}+"


class CappedPaginator(Paginator):
    """Counts to 10,000 and no further: COUNT over millions of rows takes seconds."""

    object_list: QuerySet

    @cached_property
    def count(self) -> int:
        # Select only keys, so that annotations of the list are not computed for counting.
        keys = self.object_list.order_by().values("pk")
        found = keys[: COUNTED_ROWS + 1].count()
        return AtLeast(COUNTED_ROWS) if found > COUNTED_ROWS else found


class Rows(ChangeList):
    """A change list with filtering cells, filter chips and saved views."""

    model_admin: "ConsoleAdmin"
    # Set by Django's __init__.
    params: dict[str, str]
    filter_params: dict[str, list[str]]
    list_display: list[Any]
    result_list: Any
    list_display_links: list[Any] | None
    sortable_by: list[Any] | None

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        self.title = self.model_admin.get_list_title()
        if not self.is_popup:
            self._make_cells()

    def get_filters_params(self, params: Any = None) -> dict[str, list[str]]:
        """Ignore empty values: submitting the form sends unused fields too."""
        given = super().get_filters_params(params)
        return {name: values for name, values in given.items() if any(values)}

    def get_filters(self, request: HttpRequest) -> Any:
        found = super().get_filters(request)
        refuse_wrong_values(self, request, found[0])
        return found

    def get_results(self, request: HttpRequest) -> None:
        """Let columns of other apps attach what they show to the page's rows.

        "Show all" is offered only if something hides rows.
        """
        super().get_results(request)
        columns = parts_for(self.model, ColumnPart)
        attaching = dict.fromkeys(part.attach for part in columns if part.attach)
        if attaching:
            self.result_list = list(self.result_list)
        for attach in attaching:
            attach(self.result_list)
        if not self.query and not self.has_active_filters:
            self.full_result_count = self.result_count

    def get_ordering(self, request: HttpRequest, queryset: QuerySet) -> list[Any]:
        """Accept column names in the order, as users of saved views may see other columns."""
        if given := self.params.get(ORDER_VAR):
            numbers = ".".join(filter(None, map(self._number, given.split("."))))
            self.params[ORDER_VAR], self.filter_params[ORDER_VAR] = numbers, [numbers]
        return super().get_ordering(request, queryset)

    def get_ordering_field(self, field_name: Any) -> Any:
        return self.model_admin.same_order.get(field_name) or super().get_ordering_field(field_name)

    # Used by the template

    @cached_property
    def chips(self) -> list[Chip]:
        return chips(self)

    @property
    def name(self) -> str:
        """The list's name for saved views and URLs: "automation_job"."""
        return f"{self.opts.app_label}_{self.opts.model_name}"

    def is_fresh(self) -> bool:
        """True if there are no rows at all, whatever the filters."""
        return not self.root_queryset.exists()

    @cached_property
    def saveable(self) -> str:
        """Filters, search and order as a saved view stores them."""
        kept = {name: got for name, got in self.filter_params.items() if any(got)}
        kept.pop(PAGE_VAR, None)
        if ORDER_VAR in kept:
            kept[ORDER_VAR] = [".".join(map(self._named, kept[ORDER_VAR][0].split(".")))]
        return urlencode(sorted(kept.items()), doseq=True)

    def exports(self) -> list[tuple[str, str]]:
        """[("CSV", URL), ("JSON", URL)] for all matching rows; empty if not exportable."""
        if not self.model_admin.exported:
            return []
        query = self.get_query_string()
        name = f"admin:{self.name}_export"
        return [(kind.upper(), reverse(name, args=[kind]) + query) for kind in ("csv", "json")]

    def older(self) -> str:
        """The URL that continues after the last page of a capped list; "" if there is none."""
        last = self.multi_page and self.page_num == self.paginator.num_pages
        if not last or not isinstance(self.result_count, AtLeast) or not self._newest_first():
            return ""
        return self.get_query_string({"id__lt": list(self.result_list)[-1].pk})

    # Private

    def _newest_first(self) -> bool:
        return self.queryset.query.order_by[:1] in (("-id",), ("-pk",))

    def _make_cells(self) -> None:
        narrowings = self.model_admin.get_cell_filters()
        linked = list(self.list_display_links or ())
        fields = self.opts.concrete_fields
        times = {field.name for field in fields if isinstance(field, DateTimeField)}
        cells = {
            column: ListColumn(self, column, narrowings.get(column), leads_to_row=column in linked)
            for column in self.list_display
            if column in narrowings or column in times
        }
        self.list_display = [cells.get(name, name) for name in self.list_display]
        self.list_display_links = [cells.get(name, name) for name in linked]
        if self.sortable_by is not None:
            self.sortable_by = [cells.get(name, name) for name in self.sortable_by]

    def _number(self, column: str) -> str:
        """A column of the order by Django's number: "-created_at" becomes "-5"; "" if hidden."""
        sign, name = ("-", column[1:]) if column.startswith("-") else ("", column)
        if name.isdecimal():
            return column
        names = [_name_of(shown) for shown in self.list_display]
        return f"{sign}{names.index(name)}" if name in names else ""

    def _named(self, column: str) -> str:
        sign, number = ("-", column[1:]) if column.startswith("-") else ("", column)
        if not is_whole_number(number) or int(number) >= len(self.list_display):
            return column
        return sign + _name_of(self.list_display[int(number)])


def _name_of(column: Any) -> str:
    """The column's name, which may be that of a function."""
    return str(getattr(column, "__name__", column))
