"""Inventories and their groups in the console."""

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.utils.text import capfirst
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from console.lists import ConsoleAdmin, Day, Narrow, TimeRangeFilter, without_fields
from inventory.forms import MemberFormSet, ServerGroupForm
from inventory.host_variables import shown_variables
from inventory.models import Inventory, ServerGroup, ServerGroupMember


@admin.register(Inventory)
class InventoryAdmin(ConsoleAdmin):
    list_display = ["name", "description", "runs_see", "updated_at"]
    cell_filters = {"updated_at": Day("updated_at")}
    list_filter = [("updated_at", TimeRangeFilter)]
    search_fields = ["name", "description"]
    search_help_text = "Name or description"
    when_empty = "An inventory is a set of servers that runs see together."
    readonly_fields = ["created_at", "updated_at"]
    change_form_outer_before_template = "inventory/_record_notes.html"
    change_form_outer_after_template = "inventory/_record_panels.html"
    fieldsets = [
        (None, {"fields": ["name", "description", "separates_environments"]}),
        ("Times", {"fields": [("created_at", "updated_at")]}),
    ]

    @admin.display(description="runs see")
    def runs_see(self, inventory: Inventory) -> str:
        is_part = inventory.separates_environments
        return "the environments of their servers" if is_part else "the whole inventory"

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        return fieldsets if obj else without_fields(fieldsets, self.readonly_fields)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_default = obj is not None and bool(obj.is_default)
        return not is_default and super().has_delete_permission(request, obj)


class MemberInline(TabularInline):
    model = ServerGroupMember
    formset = MemberFormSet
    fk_name = "group"
    verbose_name = "member"
    verbose_name_plural = "members"
    # A row's own fields say what it is.
    hide_title = True
    fields: ClassVar = ["server", "child"]
    autocomplete_fields: ClassVar = ["server", "child"]
    extra = 0
    per_page = 50

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest | None, **kwargs: Any
    ) -> Any:
        """Name each field: only the head of the table does."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field is not None:
            field.widget.attrs["aria-label"] = capfirst(db_field.verbose_name)
        return field


@admin.register(ServerGroup)
class ServerGroupAdmin(ConsoleAdmin):
    class Media:
        css: ClassVar = {"all": ["inventory/server.css"]}

    form = ServerGroupForm
    list_display = ["name", "inventory", "description", "priority", "updated_at"]
    list_select_related = ["inventory"]
    list_filter = [
        ("inventory", AutocompleteSelectFilter),
        ("updated_at", TimeRangeFilter),
    ]
    cell_filters = {
        "inventory": Narrow("inventory__id__exact", "inventory_id"),
        "updated_at": Day("updated_at"),
    }
    search_fields = ["name", "description"]
    search_help_text = "Name or description"
    when_empty = "Groups come from an inventory source, or are added here."
    readonly_fields = ["created_at", "updated_at"]
    autocomplete_fields = ["inventory"]
    change_form_outer_before_template = "inventory/_record_notes.html"
    change_form_outer_after_template = "inventory/_record_panels.html"
    inlines = [MemberInline]
    fieldsets = [
        (None, {"fields": ["name", "inventory", "description"]}),
        ("In Ansible", {"fields": ["variables", "priority"]}),
        ("Times", {"fields": [("created_at", "updated_at")]}),
    ]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        return fieldsets if obj else without_fields(fieldsets, self.readonly_fields)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A group stays in its inventory, and what a source owns is changed there."""
        owned = obj.fields_of_source() if obj is not None and obj.source_id else ()
        return [*self.readonly_fields, *(["inventory"] if obj else []), *owned]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Leave alone what its source owns, which is masked here."""
        if change and obj.source_id:
            obj.save(update_fields=[*form.fields, "updated_at"])
        else:
            super().save_model(request, obj, form, change)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> ServerGroup | None:
        """The group with masked secrets, for display; the form puts the stored ones back."""
        group = super().get_object(request, object_id, from_field)
        if group is not None:
            group.variables = shown_variables(group.variables)
        return group
