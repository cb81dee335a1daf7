"""Pages of the API's lists."""

from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination, PageNumberPagination
from rest_framework.request import Request


class _SizedPages:
    """A page size that cannot be used is 400: DRF would quietly take another one."""

    page_size: int
    page_size_query_param = "page_size"
    max_page_size = 500

    def get_page_size(self, request: Request) -> int:
        given = request.query_params.get(self.page_size_query_param)
        if given is None:
            return self.page_size
        return whole_number("page_size", given, 1, self.max_page_size)


class NumberedPages(_SizedPages, PageNumberPagination):
    """For small tables: `?page=2&page_size=100`, with a count."""


class NewestFirst(_SizedPages, CursorPagination):
    """For tables that grow without end: next and previous, never a count or an offset."""

    ordering = "-id"

    def decode_cursor(self, request: Request) -> Cursor | None:
        try:
            cursor = super().decode_cursor(request)
        except NotFound:
            cursor = Cursor(0, False, "unreadable")
        if cursor is not None and not (cursor.position or "0").isdecimal():
            raise ValidationError({"cursor": ["Take it as it stands in “next” or “previous”."]})
        return cursor


def whole_number(name: str, text: str, least: int, most: int) -> int:
    """A query parameter as a number; ValidationError when it is none between the two."""
    if text.isascii() and text.isdecimal() and len(text) < 12 and least <= int(text) <= most:
        return int(text)
    raise ValidationError({name: [f"This has to be a whole number from {least} to {most}."]})
