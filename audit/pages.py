"""Pages of the API's lists."""

from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination, PageNumberPagination
from rest_framework.request import Request

MAX_PAGE_SIZE = 500


class NumberedPages(PageNumberPagination):
    """For small tables: `?page=2&page_size=100`, with a count."""

    page_size_query_param = "page_size"
    max_page_size = MAX_PAGE_SIZE

    def get_page_size(self, request: Request) -> int:
        return page_size(request, self.page_size)


# What DRF makes of a cursor without anything in it.
NOWHERE = Cursor(0, False, None)


class NewestFirst(CursorPagination):
    """For tables that grow without end: next and previous, never a count or an offset."""

    page_size_query_param = "page_size"
    max_page_size = MAX_PAGE_SIZE
    ordering = "-id"

    def get_page_size(self, request: Request) -> int:
        return page_size(request, self.page_size)

    def decode_cursor(self, request: Request) -> Cursor | None:
        try:
            cursor = super().decode_cursor(request)
        except NotFound:
            cursor = NOWHERE
        if cursor is not None and (cursor == NOWHERE or not _is_key(str(cursor.position or 0))):
            raise ValidationError({"cursor": ["Take it as it stands in “next” or “previous”."]})
        return cursor


def page_size(request: Request, default: int | None) -> int:
    """`?page_size=`, where one that cannot be used is 400: DRF would quietly take another."""
    given = request.query_params.get("page_size")
    if given is None:
        return default or MAX_PAGE_SIZE
    return whole_number("page_size", given, 1, MAX_PAGE_SIZE)


def _is_key(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 20


def whole_number(name: str, text: str, least: int, most: int) -> int:
    """A query parameter as a number; ValidationError when it is none between the two."""
    if text.isascii() and text.isdecimal() and len(text) < 12 and least <= int(text) <= most:
        return int(text)
    raise ValidationError({name: [f"This has to be a whole number from {least} to {most}."]})
