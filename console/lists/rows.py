"""The rows of a list: what narrows them stands in the URL, and none are counted for long."""

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
    """A count that stopped: shown as "10000+"."""

    def __str__(self) -> str:
        return f"{int(self)}+"


class CappedPaginator(Paginator):
    """Counts to 10,000 and no further: a COUNT over millions of rows takes seconds."""

    object_list: QuerySet

    @cached_property
    def count(self) -> int:
        # Keys alone: what a list computes for each row it shows need not be computed to count.
        keys = self.object_list.order_by().values("pk")
        found = keys[: COUNTED_ROWS + 1].count()
        return AtLeast(COUNTED_ROWS) if found > COUNTED_ROWS else found


class Rows(ChangeList):
    """A change list whose cells filter, whose filters are shown, and that can be saved."""

    model_admin: "ConsoleAdmin"
    # As Django's own __init__ leaves them.
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
        """A form sends the fields that were left empty too: those narrow nothing."""
        given = super().get_filters_params(params)
        return {name: values for name, values in given.items() if any(values)}

    def get_filters(self, request: HttpRequest) -> Any:
        found = super().get_filters(request)
        refuse_wrong_values(self, request, found[0])
        return found

    def get_results(self, request: HttpRequest) -> None:
        """Offers "show all" only where something hides rows; the rows of the page get what columns
        from other apps show."""
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
        """Columns may be named: a saved view is opened by people who see other ones."""
        if given := self.params.get(ORDER_VAR):
            numbers = ".".join(filter(None, map(self._number, given.split("."))))
            self.params[ORDER_VAR], self.filter_params[ORDER_VAR] = numbers, [numbers]
        return super().get_ordering(request, queryset)

    def get_ordering_field(self, field_name: Any) -> Any:
        return self.model_admin.same_order.get(field_name) or super().get_ordering_field(field_name)

    # For the page

    @cached_property
    def chips(self) -> list[Chip]:
        return chips(self)

    @property
    def name(self) -> str:
        """What saved views are kept under: "automation_job"."""
        return f"{self.opts.app_label}_{self.opts.model_name}"

    def is_fresh(self) -> bool:
        """Whether there is not one row yet, whatever the filters."""
        return not self.root_queryset.exists()

    @cached_property
    def saveable(self) -> str:
        """The filters, the search and the order, as a view is saved."""
        kept = {name: got for name, got in self.filter_params.items() if any(got)}
        kept.pop(PAGE_VAR, None)
        if ORDER_VAR in kept:
            kept[ORDER_VAR] = [".".join(map(self._named, kept[ORDER_VAR][0].split(".")))]
        return urlencode(sorted(kept.items()), doseq=True)

    def exports(self) -> list[tuple[str, str]]:
        """("CSV", URL) and ("JSON", URL) of all rows that the filters leave."""
        if not self.model_admin.exported:
            return []
        query = self.get_query_string()
        name = f"admin:{self.name}_export"
        return [(kind.upper(), reverse(name, args=[kind]) + query) for kind in ("csv", "json")]

    def older(self) -> str:
        """The URL of what follows the last page of a list that is too long to be paged through."""
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
        cells = {
            column: ListColumn(self, column, narrowings.get(column), leads_to_row=column in linked)
            for column in self.list_display
            if column in narrowings or self._is_time(column)
        }
        self.list_display = [cells.get(name, name) for name in self.list_display]
        self.list_display_links = [cells.get(name, name) for name in linked]
        if self.sortable_by is not None:
            self.sortable_by = [cells.get(name, name) for name in self.sortable_by]

    def _is_time(self, column: Any) -> bool:
        fields = {field.name: field for field in self.opts.concrete_fields}
        return isinstance(fields.get(column), DateTimeField)

    def _number(self, column: str) -> str:
        """A column of the order as Django counts it: "-created_at" is "-5"."""
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
    """A column is its name, or a function of the row."""
    return str(getattr(column, "__name__", column))
