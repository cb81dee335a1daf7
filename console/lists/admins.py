"""Base classes of all admin pages: for records that people edit, and for read-only history."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin import ShowFacets
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IS_POPUP_VAR
from django.core.exceptions import FieldDoesNotExist, PermissionDenied, ValidationError
from django.db.models import DateTimeField, IntegerField, Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import URLPattern, re_path
from django.utils.text import capfirst
from unfold.admin import ModelAdmin

from console.objects import find_references, is_whole_number, row_key, story_of
from console.pages import ActionPart, ColumnPart, FilterPart, beside, parts_for
from console.times import validate_year
from schema.limits import LONGEST_SEARCH

from .cells import Narrow
from .exports import export
from .parameters import (
    WrongFilter,
    is_declared,
    redirect_without_wrong_filters,
    refuse_wrong_filters,
)
from .rows import CappedPaginator, Rows

# How many rows an action takes with "select all".
ACTED_ROWS = 1_000


class ConsoleAdmin(ModelAdmin):
    """A model's pages in the console, with what other apps contribute (console/pages.py).

    Changes are recorded in the audit trail, so Django's own admin log stays empty, and "history"
    leads to the trail.
    """

    paginator = CappedPaginator
    show_full_result_count = False
    # Facet counts would count the whole table once per choice.
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    list_filter_submit = True
    list_fullwidth = True
    list_before_template = "console/_list_tools.html"
    list_after_template = "console/_list_end.html"
    view_on_site = False
    delete_confirmation_max_display = 20
    # The list's title, if that is not the plural name of its rows.
    list_title = ""
    # Shown in an empty list to whoever may add rows.
    when_empty = ""
    # {column: how clicking its cell narrows the list}. The link to the row itself is kept.
    cell_filters: ClassVar[dict[str, Narrow]] = {}
    # Fields that the URL may filter by, besides those of cells and filters.
    more_filters: ClassVar[tuple[str, ...]] = ()
    # Columns of an export: {name: path of the value from the row}.
    exported: ClassVar[dict[str, str]] = {}
    # {column: another with the same order, whose index has no ties}.
    same_order: ClassVar[dict[Any, str]] = {}
    # {action: maximum number of rows}, where ACTED_ROWS is too few.
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
        """{column's name, or function if contributed: how its cell narrows the list}."""
        columns = parts_for(self.model, ColumnPart)
        return self.cell_filters | {
            part.show: part.cell_filter for part in columns if part.cell_filter
        }

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """{name: (function, name, description)}; actions that every list has come first."""
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
        """The most rows that the action takes."""
        limits = {part.name: part.acted_rows for part in parts_for(self.model, ActionPart)}
        return limits.get(action) or self.acted_rows.get(action, ACTED_ROWS)

    def get_changelist_instance(self, request: HttpRequest) -> Rows:
        with refuse_wrong_filters():
            return super().get_changelist_instance(request)

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        """Nothing for a text that is too long, of which a list says so (parameters.py)."""
        if len(search_term) > LONGEST_SEARCH:
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list. Invalid filters are reported and dropped; the rest still apply."""
        try:
            return super().changelist_view(request, extra_context)
        except WrongFilter:
            return redirect_without_wrong_filters(self, request)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only declared lookups.

        Anyone who can filter by any column can guess, letter by letter, values that are never
        shown.
        """
        return is_declared(self, request, lookup)

    def response_action(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        """Limit "select all" to the action's maximum, as every row gets an audit line."""
        keys = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if isinstance(self.opts.pk, IntegerField) and not all(map(is_whole_number, keys)):
            messages.error(request, "Nothing was done: the selected rows no longer exist.")
            return HttpResponseRedirect(request.get_full_path())
        most = self.get_acted_rows(request.POST.get("action", ""))
        chosen = queryset.order_by()
        if request.POST.get("select_across") == "1" and chosen[: most + 1].count() > most:
            messages.error(
                request, f"An action takes up to {most:,} rows at once. Filter the list first."
            )
            return HttpResponseRedirect(request.get_full_path())
        return super().response_action(request, queryset)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """The form's field; a time must be of a year that every database stores."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(db_field, DateTimeField):
            field.validators.append(validate_year)
        return field

    def get_urls(self) -> list[URLPattern]:
        if not self.exported:
            return super().get_urls()
        view = self.admin_site.admin_view(self.export_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        return [re_path(r"^export\.(?P<kind>csv|json)$", view, name=name), *super().get_urls()]

    def export_view(self, request: HttpRequest, kind: str) -> Any:
        """Download all rows that match the filters."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            return export(self, request, kind)
        except WrongFilter:
            return redirect_without_wrong_filters(self, request)

    # Records

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Leave read-only fields out of the form for a new record: they have no values yet."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is not None:
            return fieldsets
        return without_fields(fieldsets, self.get_readonly_fields(request))

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """What the URL prefills, without values that the form could not even show."""
        given = super().get_changeform_initial_data(request)
        found = {name: self._prefilled(name, value) for name, value in given.items()}
        return {name: value for name, value in found.items() if value is not None}

    def _prefilled(self, name: str, value: Any) -> Any:
        """The value for the field of this name; None if it is not one."""
        try:
            field: Any = self.opts.get_field(name)
        except FieldDoesNotExist:
            return value
        if field.is_relation:
            keys = value if isinstance(value, list) else [value]
            return value if all(map(row_key, keys)) else None
        try:
            return field.to_python(value)
        except ValidationError:
            return None

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
        """Redirect to the object's lines in the audit trail."""
        obj = self.get_object(request, object_id)
        if obj is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not request.user.has_perm("audit.view_auditlog"):
            raise PermissionDenied
        return HttpResponseRedirect(story_of(obj))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Say that rows which history refers to are kept, instead of listing a million rows."""
        names = [str(obj) for obj in objs]
        reasons = {obj: getattr(obj, "reason_to_keep", "") or find_references(obj) for obj in objs}
        kept = [f"{obj}: {reason}" for obj, reason in reasons.items() if reason]
        return names, {self.opts.verbose_name_plural: len(names)}, set(), kept

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        obj.delete()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        # One at a time, so that a row's own delete() may refuse.
        for obj in queryset:
            obj.delete()


def without_fields(fieldsets: Any, names: Iterable[Any]) -> list[Any]:
    """The fieldsets without these fields, and without rows and sets left empty."""
    left_out, kept = set(names), []
    for title, options in fieldsets:
        rows = [[row] if isinstance(row, str) else list(row) for row in options["fields"]]
        rows = [[name for name in row if name not in left_out] for row in rows]
        fields = [tuple(row) if len(row) > 1 else row[0] for row in rows if row]
        if fields:
            kept.append((title, {**options, "fields": fields}))
    return kept


class HistoryAdmin(ConsoleAdmin):
    """Read-only pages for records of what happened."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
