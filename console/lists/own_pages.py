"""Rows with a page of their own besides the admin's form, or in its place."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from .admins import ConsoleAdmin, HistoryAdmin
from .rows import Rows


class PageRows(Rows):
    def url_for_result(self, result: Any) -> str:
        return result.get_absolute_url()


class PageAdmin(ConsoleAdmin):
    """Its list links to each row's page (`get_absolute_url`).

    So does the form, once it is saved or if the user may not change the row.
    """

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[Rows]:
        return PageRows

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row: Any = self.get_object(request, object_id)
        is_read = request.method in ("GET", "HEAD") and row is not None
        if is_read and not self.has_change_permission(request, row):
            return redirect(row)
        return super().change_view(request, object_id, form_url, extra_context)

    def response_post_save_add(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return redirect(obj)

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return redirect(obj)


class PageHistoryAdmin(PageAdmin, HistoryAdmin):
    """Read-only rows whose own page takes the place of the admin's."""

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row: Any = self.get_object(request, object_id)
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return redirect(row)
