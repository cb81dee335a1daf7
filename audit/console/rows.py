"""The rows of a list, of which none is counted for long."""

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from unfold.views import ChangeList

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
        found = self.object_list.order_by()[: COUNTED_ROWS + 1].count()
        return AtLeast(COUNTED_ROWS) if found > COUNTED_ROWS else found


class Rows(ChangeList):
    """A change list that offers "show all" only where something hides rows."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not self.query and not self.has_active_filters:
            self.full_result_count = self.result_count
