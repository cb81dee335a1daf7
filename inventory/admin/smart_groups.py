"""Smart groups in the console: their filter is a field for each criterion."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from console.lists import ConsoleAdmin, Day, Narrow, TimeRangeFilter
from inventory.models import FILTERED_BY, SmartGroup
from inventory.models.fact_texts import FACT_EXAMPLES
from inventory.tag_texts import TAG_EXAMPLES

# {criterion: (label, example, help text)}
LABELS = {
    "environment": ("Environment", "production", ""),
    "os": ("OS", "Debian 12", "With or without a version."),
    "tag": ("Tag", TAG_EXAMPLES, ""),
    "group": ("Group", "web", "With the groups in it."),
    "search": ("Matching", "web1 or 10.0.7.", "Part of a name, address or description."),
    "facts": ("Facts", "memtotal_mb>=4096", f"One condition per line: {FACT_EXAMPLES}."),
}


def _criterion(name: str) -> forms.CharField:
    label, example, help_text = LABELS[name]
    has_lines = name == "facts"
    attributes = {"placeholder": example, **({"rows": 3} if has_lines else {})}
    widget = UnfoldAdminTextareaWidget if has_lines else UnfoldAdminTextInputWidget
    return forms.CharField(
        required=False, label=label, help_text=help_text, widget=widget(attributes)
    )


class SmartGroupForm(forms.ModelForm):
    """Reads and writes `filter` as a field for each criterion, `by_environment` and so on."""

    by_environment = _criterion("environment")
    by_os = _criterion("os")
    by_tag = _criterion("tag")
    by_group = _criterion("group")
    by_search = _criterion("search")
    by_facts = _criterion("facts")

    class Meta:
        model = SmartGroup
        fields: ClassVar = ["name", "inventory", "description"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, value in self.instance.filter.items():
            text = "\n".join(value) if isinstance(value, list) else value
            self.initial.setdefault(f"by_{name}", text)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        texts = {name: cleaned.get(f"by_{name}", "") for name in FILTERED_BY}
        given: dict[str, Any] = {name: text for name, text in texts.items() if text}
        if facts := [line.strip() for line in texts["facts"].splitlines() if line.strip()]:
            given["facts"] = facts
        self.instance.filter = given
        return cleaned

    def _get_validation_exclusions(self) -> set[str]:
        """The filter has no field of its name, and is checked all the same."""
        return super()._get_validation_exclusions() - {"filter"}  # type: ignore[misc]

    def _update_errors(self, errors: Any) -> None:
        """Say what is wrong with the filter above the fields that make it up."""
        by_name = getattr(errors, "error_dict", {})
        if "filter" in by_name:
            self.add_error(None, ValidationError(by_name.pop("filter")))
        super()._update_errors(errors)  # type: ignore[misc]  # Django's own hook


@admin.register(SmartGroup)
class SmartGroupAdmin(ConsoleAdmin):
    form = SmartGroupForm
    list_display = ["name", "inventory", "criteria", "description", "updated_at"]
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
    when_empty = "A smart group has every server that matches a filter, to launch on or to list."
    readonly_fields = ["criteria", "matching", "created_at", "updated_at"]
    autocomplete_fields = ["inventory"]
    change_form_outer_before_template = "inventory/_record_notes.html"

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        about = (
            None,
            {"fields": ["name", "inventory", "description", *(["matching"] if obj else [])]},
        )
        if obj is not None and not self.has_change_permission(request, obj):
            return [about, ("Servers that match all of", {"fields": ["criteria"]})]
        fields = [f"by_{name}" for name in FILTERED_BY]
        found = [about, ("Servers that match all of", {"fields": fields})]
        return [*found, ("Times", {"fields": [("created_at", "updated_at")]})] if obj else found

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A smart group stays in its inventory."""
        return [*self.readonly_fields, *(["inventory"] if obj else [])]

    @admin.display(description="criteria")
    def criteria(self, group: SmartGroup) -> str:
        return group.words

    @admin.display(description="active servers")
    def matching(self, group: SmartGroup) -> str:
        lost = group.lost_group
        return f"0: the inventory has no group “{lost}”" if lost else str(group.server_count)
