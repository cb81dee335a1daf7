"""Overrides of variables in the console."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from accounts.signed_in import signed_in
from audit.redaction import redacted
from console.lists import ConsoleAdmin, Narrow
from console.objects import row_key
from inventory.forms import OverrideForm
from inventory.importing import remove_override, set_override
from inventory.models import Server, ServerGroup, VariableOverride


@admin.register(VariableOverride)
class VariableOverrideAdmin(ConsoleAdmin):
    form = OverrideForm
    list_display = ["name", "of", "stands_in", "conflict_shown", "set_by", "updated_at"]
    list_select_related = ["server", "group__inventory", "set_by"]
    list_filter = [("conflict", ChoicesDropdownFilter)]
    cell_filters = {"conflict_shown": Narrow("conflict__exact", "conflict")}
    search_fields = ["name", "server__hostname", "group__name"]
    search_help_text = "Variable, server or group"
    when_empty = "An override replaces a value that comes from an inventory source."
    autocomplete_fields = ["server", "group"]
    readonly_fields = ["source_value", "stands_in", "conflict_shown", "set_by", "updated_at"]
    fieldsets = [
        (None, {"fields": ["server", "group", "value"]}),
        (
            "Source",
            {"fields": ["source_value", "stands_in", "conflict_shown", ("set_by", "updated_at")]},
        ),
    ]

    @admin.display(description="server or group")
    def of(self, override: VariableOverride) -> str:
        return str(override.row)

    @admin.display(description="defined in")
    def stands_in(self, override: VariableOverride) -> str:
        return override.file or "the inventory itself"

    @admin.display(description="conflict", ordering="conflict")
    def conflict_shown(self, override: VariableOverride) -> str:
        return override.get_conflict_display() or "-"

    @admin.display(description="source's value")
    def source_value(self, override: VariableOverride) -> str:
        shown = redacted(override.replaced)
        return str(shown[override.name]) if shown else "none"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*self.readonly_fields, *(["server", "group"] if obj else [])]

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> VariableOverride | None:
        """The override with a masked secret, for display; the verb puts the stored one back."""
        override = super().get_object(request, object_id, from_field)
        if override is not None:
            override.value = redacted(override.value)
        return override

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """`?server=7&variable=port`: the variable with its present value."""
        initial = super().get_changeform_initial_data(request)
        name = initial.pop("variable", "")
        for model, key in ((Server, initial.get("server")), (ServerGroup, initial.get("group"))):
            row: Any = model._default_manager.filter(pk=row_key(key)).first()
            if row is not None and name:
                found = [each[name] for _file, each in row.all_variables() if name in each]
                initial["value"] = redacted({name: found[-1] if found else ""})
        return initial

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        given = form.cleaned_data["value"]
        (name,) = given
        marked = form.is_secret(name)
        saved = set_override(signed_in(request), obj.row, name, given[name], is_secret=marked)
        obj.pk = saved.pk

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        remove_override(signed_in(request), obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for override in queryset:
            remove_override(signed_in(request), override)
