"""What all pages of the admin are made of: records that people edit, and history that stays."""

from typing import Any

from django.contrib.admin import ShowFacets
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from .rows import CappedPaginator, Rows
from .stories import named_by, story_of


class ConsoleAdmin(ModelAdmin):
    """A model's pages in the console. What they change is recorded in the audit trail, so the
    admin's own log stays empty, and "history" leads to that trail."""

    paginator = CappedPaginator
    show_full_result_count = False
    # "Show counts" beside each filter would count the whole table, once for each choice.
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    list_filter_submit = True
    list_fullwidth = True
    view_on_site = False
    delete_confirmation_max_display = 20
    # What an empty list says to whoever may fill it.
    when_empty = ""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return Rows

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> None:
        pass

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> None:
        pass

    def log_deletions(self, request: HttpRequest, queryset: QuerySet) -> None:
        pass

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """The story of the object: the audit trail, filtered."""
        obj = self.get_object(request, object_id)
        if obj is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not request.user.has_perm("audit.view_auditlog"):
            raise PermissionDenied
        return HttpResponseRedirect(story_of(obj))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What history names stays: the page says so, instead of listing a million rows."""
        names = [str(obj) for obj in objs]
        kept = [f"{obj}: {uses}" for obj in objs if (uses := named_by(obj))]
        return names, {self.opts.verbose_name_plural: len(names)}, set(), kept

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        obj.delete()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        # One by one, so that a row's own delete() may refuse.
        for obj in queryset:
            obj.delete()


class HistoryAdmin(ConsoleAdmin):
    """What has happened: to be read, by nobody to be changed."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
