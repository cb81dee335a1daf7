"""Pagination of the API's lists."""

from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import QuerySet
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination, PageNumberPagination
from rest_framework.request import Request

from schema.limits import LARGEST_KEY, MAX_PAGE_SIZE


class NumberedPages(PageNumberPagination):
    """For small tables: `?page=2&page_size=100`, with a count."""

    page_size_query_param = "page_size"
    max_page_size = MAX_PAGE_SIZE

    def get_page_size(self, request: Request) -> int:
        return page_size(request, self.page_size)

    def paginate_queryset(
        self, queryset: Any, request: Request, view: Any = None
    ) -> list[Any] | None:
        """The rows of the page. A page that does not exist is 400, like any other wrong number."""
        asked = request.query_params.get(self.page_query_param, "1")
        whole_number(self.page_query_param, asked, 1, LARGEST_KEY)
        try:
            return super().paginate_queryset(queryset, request, view)
        except NotFound:
            raise ValidationError(no_page(self.page_query_param, asked)) from None


# What DRF makes of an empty cursor.
NOWHERE = Cursor(0, False, None)


class NewestFirst(CursorPagination):
    """For tables that grow without end: links to the next and previous page, no count, no offset.

    A list narrowed by time is ordered by the time column, which has the index; ordered by key, the
    database would read all newer rows first. The view declares this as `walked_by_time =
    "created_at", {"created_after", "created_before"}`.
    """

    page_size_query_param = "page_size"
    max_page_size = MAX_PAGE_SIZE

    def get_page_size(self, request: Request) -> int:
        return page_size(request, self.page_size)

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: Any) -> tuple[str]:
        column, parameters = view.walked_by_time
        name = column if parameters & set(request.query_params) else "id"
        self.column = queryset.model._meta.get_field(name)
        return (f"-{name}",)

    def decode_cursor(self, request: Request) -> Cursor | None:
        try:
            cursor = super().decode_cursor(request)
            if cursor == NOWHERE:
                raise NotFound
            self.column.to_python(cursor.position if cursor else None)
        except (NotFound, DjangoValidationError):
            message = "Use the link in “next” or “previous” unchanged."
            raise ValidationError({"cursor": [message]}) from None
        return cursor


class KeysFirst(NewestFirst):
    """Reads the keys of a page first, then its rows.

    For whole rows before a given time, MariaDB scans the index from its newest entry; for keys
    alone, which the index covers, it starts at the given time.
    """

    def paginate_queryset(
        self, queryset: Any, request: Request, view: Any = None
    ) -> list[Any] | None:
        column = self.get_ordering(request, queryset, view)[0].removeprefix("-")
        page: list[Any] | None = super().paginate_queryset(
            queryset.only("pk", column), request, view
        )
        rows = queryset.model._default_manager.order_by().in_bulk([row.pk for row in page or ()])
        return [rows[row.pk] for row in page or ()]


def page_size(request: Request, default: int | None) -> int:
    """The value of `?page_size=`. An invalid one is 400; DRF would silently use the default."""
    given = request.query_params.get("page_size")
    if given is None:
        return default or MAX_PAGE_SIZE
    return whole_number("page_size", given, 1, MAX_PAGE_SIZE)


def no_page(name: str, asked: object) -> dict[str, list[str]]:
    return {name: [f"There is no page {asked}."]}


def refuse_page_past(name: str, asked: int, last: int) -> None:
    """Raise ValidationError for a page past the last one."""
    if asked > last:
        raise ValidationError(no_page(name, asked))


def whole_number(name: str, text: str, least: int, most: int) -> int:
    """A query parameter as a whole number from `least` to `most`; otherwise ValidationError."""
    if text.isascii() and text.isdecimal() and len(text) < 12 and least <= int(text) <= most:
        return int(text)
    raise ValidationError({name: [f"Must be a whole number from {least} to {most}."]})
