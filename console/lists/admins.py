"""What all pages of the admin are made of: records that people edit, and history that stays."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin import ShowFacets
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IS_POPUP_VAR
from django.core.exceptions import PermissionDenied
from django.db.models import IntegerField, Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import URLPattern, re_path
from django.utils.text import capfirst
from unfold.admin import ModelAdmin

from console.objects import find_references, is_whole_number, story_of
from console.pages import ActionPart, ColumnPart, FilterPart, beside, parts_for

from .cells import Narrow
from .exports import export
from .parameters import (
    WrongFilter,
    is_declared,
    redirect_without_wrong_filters,
    refuse_wrong_filters,
)
from .rows import CappedPaginator, Rows

# How many rows an action takes that were chosen by "select all".
ACTED_ROWS = 1_000


class ConsoleAdmin(ModelAdmin):
    """A model's pages in the console, with what other apps contribute to them (console/pages.py).
    What they change is recorded in the audit trail, so the admin's own log stays empty, and
    "history" leads to that trail."""

    paginator = CappedPaginator
    show_full_result_count = False
    # "Show counts" beside each filter would count the whole table, once for each choice.
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    list_filter_submit = True
    list_fullwidth = True
    list_before_template = "console/_list_tools.html"
    list_after_template = "console/_list_end.html"
    view_on_site = False
    delete_confirmation_max_display = 20
    # What the list is called, where that is not its rows' own name.
    list_title = ""
    # What an empty list says to whoever may fill it.
    when_empty = ""
    # By column: how a click on its cell narrows the list. The row's own link stays what it is.
    cell_filters: ClassVar[dict[str, Narrow]] = {}
    # Fields that a URL may filter by, though neither a cell nor a filter beside the list does.
    more_filters: ClassVar[tuple[str, ...]] = ()
    # What an export has: the names of its columns, each with the path of its value from the row.
    exported: ClassVar[dict[str, str]] = {}
    # By column: another that has the same order, and an index that holds no tie.
    same_order: ClassVar[dict[Any, str]] = {}
    # By action: how many rows it takes, where ACTED_ROWS is too few.
    acted_rows: ClassVar[dict[str, int]] = {}

    class Media:
        css: ClassVar = {"all": ["console/lists.css"]}

    # Lists

    def get_list_title(self) -> str:
        return self.list_title or capfirst(self.opts.verbose_name_plural)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[Rows]:
        return Rows

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        columns = parts_for(self.model, ColumnPart)
        return beside(super().get_list_display(request), columns, lambda part: part.show)

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        filters = parts_for(self.model, FilterPart)
        return beside(super().get_list_filter(request), filters, lambda part: part.list_filter)

    def get_cell_filters(self) -> dict[Any, Narrow]:
        """By column: its name, or the function that a contributed one is."""
        columns = parts_for(self.model, ColumnPart)
        return self.cell_filters | {
            part.show: part.cell_filter for part in columns if part.cell_filter
        }

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """By name: (function, name, words). Those that every list has come first."""
        actions = super().get_actions(request)
        if self.actions is None or IS_POPUP_VAR in request.GET:
            return actions
        shared = [actions.pop(name) for name, _act in self.admin_site.actions if name in actions]
        parts = [
            part
            for part in parts_for(self.model, ActionPart)
            if request.user.has_perm(part.permission)
        ]
        offered = beside(actions.values(), parts, lambda part: self.get_action(part.act))
        return {name: (act, name, words) for act, name, words in [*shared, *offered]}

    def get_acted_rows(self, action: str) -> int:
        """How many rows it takes."""
        limits = {part.name: part.acted_rows for part in parts_for(self.model, ActionPart)}
        return limits.get(action) or self.acted_rows.get(action, ACTED_ROWS)

    def get_changelist_instance(self, request: HttpRequest) -> Rows:
        with refuse_wrong_filters():
            return super().get_changelist_instance(request)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """A filter that cannot be is named and left out; the others stay."""
        try:
            return super().changelist_view(request, extra_context)
        except WrongFilter:
            return redirect_without_wrong_filters(self, request)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only what the list declares: whoever may filter by any column can find out, letter by
        letter, what stands in one that is never shown."""
        return is_declared(self, request, lookup)

    def response_action(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        """ "Select all" means up to ACTED_ROWS: each row gets its verb and its audit line."""
        keys = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if isinstance(self.opts.pk, IntegerField) and not all(map(is_whole_number, keys)):
            messages.error(request, "Nothing was done: what was selected does not exist.")
            return HttpResponseRedirect(request.get_full_path())
        most = self.get_acted_rows(request.POST.get("action", ""))
        chosen = queryset.order_by()
        if request.POST.get("select_across") == "1" and chosen[: most + 1].count() > most:
            messages.error(
                request, f"An action takes up to {most:,} rows at once. Filter the list first."
            )
            return HttpResponseRedirect(request.get_full_path())
        return super().response_action(request, queryset)

    def get_urls(self) -> list[URLPattern]:
        if not self.exported:
            return super().get_urls()
        view = self.admin_site.admin_view(self.export_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        return [re_path(r"^export\.(?P<kind>csv|json)$", view, name=name), *super().get_urls()]

    def export_view(self, request: HttpRequest, kind: str) -> Any:
        """All rows that the filters leave, as a file."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            return export(self, request, kind)
        except WrongFilter:
            return redirect_without_wrong_filters(self, request)

    # Records

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """The form for a new record has no read-only fields: they have no values yet."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is not None:
            return fieldsets
        return without_fields(fieldsets, self.get_readonly_fields(request))

    @admin.display(description="state", ordering="is_active")
    def active_pill(self, row: Any) -> str:
        return render_to_string("console/_active.html", {"active": row.is_active})

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> None:
        pass

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> None:
        pass

    def log_deletions(self, request: HttpRequest, queryset: QuerySet) -> None:
        pass

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """The story of the object, on a page of its own."""
        obj = self.get_object(request, object_id)
        if obj is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not request.user.has_perm("audit.view_auditlog"):
            raise PermissionDenied
        return HttpResponseRedirect(story_of(obj))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What history names stays: the page says so, instead of listing a million rows."""
        names = [str(obj) for obj in objs]
        kept = [f"{obj}: {uses}" for obj in objs if (uses := find_references(obj))]
        return names, {self.opts.verbose_name_plural: len(names)}, set(), kept

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        obj.delete()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        # One by one, so that a row's own delete() may refuse.
        for obj in queryset:
            obj.delete()


def without_fields(fieldsets: Any, names: Iterable[Any]) -> list[Any]:
    """The same fieldsets without some fields, and without what is empty then."""
    left_out, kept = set(names), []
    for title, options in fieldsets:
        rows = [[row] if isinstance(row, str) else list(row) for row in options["fields"]]
        rows = [[name for name in row if name not in left_out] for row in rows]
        fields = [tuple(row) if len(row) > 1 else row[0] for row in rows if row]
        if fields:
            kept.append((title, {**options, "fields": fields}))
    return kept


class HistoryAdmin(ConsoleAdmin):
    """What has happened: to be read, by nobody to be changed."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
