"""The list and the form of playbooks. A playbook's own page is in views/playbooks.py."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from unfold.contrib.filters.admin import BooleanRadioFilter, RadioFilter

from accounts.console import SwitchedAdmin
from automation.forms.playbook_form import RULE_FIELDS, PlaybookForm
from automation.models import Playbook
from console.lists import (
    Day,
    Each,
    Narrow,
    PageAdmin,
    TagFilter,
    TimeRangeFilter,
    ask_first,
    call_each,
)


class FileFilter(RadioFilter):
    title = "file"
    parameter_name = "file"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("unchanged", "As registered"), ("changed", "Changed"), ("missing", "Missing")]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[Playbook]:
        return queryset.whose_file_is(self.value()) if self.value() else queryset


@admin.register(Playbook)
class PlaybookAdmin(PageAdmin, SwitchedAdmin):
    form = PlaybookForm
    list_display = ["name", "file_path", "file_is", "tag_list", "active_pill", "updated_at"]
    list_filter = [
        ("is_active", BooleanRadioFilter),
        FileFilter,
        ("accepts_undeclared", BooleanRadioFilter),
        TagFilter,
        ("updated_at", TimeRangeFilter),
    ]
    cell_filters = {
        "file_is": Narrow("file", "file_state"),
        "tag_list": Each("tag", "tag_words"),
        "active_pill": Narrow("is_active__exact", "is_active"),
        "updated_at": Day("updated_at"),
    }
    exported = {
        "id": "pk",
        "name": "name",
        "description": "description",
        "file_path": "file_path",
        "file_hash": "file_hash",
        "file_is": "file_state",
        "tags": "tags",
        "accepts_undeclared": "accepts_undeclared",
        "working_directory": "working_directory",
        "runs_localhost": "runs_localhost",
        "option_rules": "option_rules",
        "is_active": "is_active",
        "created_at": "created_at",
        "updated_at": "updated_at",
    }
    search_fields = ["name", "file_path", "description"]
    search_help_text = "Name, file or description"
    when_empty = "Add one, or import all playbooks in the folder: manage.py import_playbooks"
    readonly_fields = ["file_hash", "file_is", "created_at", "updated_at"]
    change_form_outer_before_template = "automation/playbooks/_playbook_tools.html"
    change_form_outer_after_template = "automation/playbooks/_playbook_source.html"
    actions = ["accept_files", "activate", "deactivate"]
    fieldsets = [
        (None, {"fields": ["name", "description", "is_active"]}),
        ("File", {"fields": ["file_path", "file_is", "file_hash", "working_directory"]}),
        ("Launch", {"fields": ["variables", "accepts_undeclared", "runs_localhost", "tags"]}),
        ("Who may set launch options", {"fields": RULE_FIELDS, "classes": ["collapse"]}),
        ("Times", {"fields": [("created_at", "updated_at")]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["name", "description", "file_path", "working_directory"]}),
        (
            "Launch",
            {"fields": ["variables", "accepts_undeclared", "runs_localhost", "tags", "is_active"]},
        ),
        ("Who may set launch options", {"fields": RULE_FIELDS, "classes": ["collapse"]}),
    ]

    class Media:
        css = {"all": ["automation/highlighting.css"]}

    def save_model(self, request: HttpRequest, obj: Playbook, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        for sentence in obj.warnings:
            messages.warning(request, sentence)

    def has_accept_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("automation.accept_playbook")

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        columns = super().get_list_display(request)
        may_launch = request.user.has_perm("automation.launch_playbook")
        return [*columns, "run_button"] if may_launch else columns

    @admin.display(description="run")
    def run_button(self, playbook: Playbook) -> str:
        return render_to_string("automation/playbooks/_run_button.html", {"playbook": playbook})

    @admin.display(description="file state")
    def file_is(self, playbook: Playbook) -> str:
        return render_to_string(
            "automation/playbooks/_file_state.html", {"state": playbook.file_state}
        )

    @admin.display(description="tags")
    def tag_list(self, playbook: Playbook) -> str:
        return ", ".join(playbook.tags) or "-"

    @admin.action(description="Accept changed files", permissions=["accept"])
    @ask_first("Accept the current files?", button="Accept")
    def accept_files(self, request: HttpRequest, playbooks: QuerySet[Playbook]) -> None:
        call_each(
            request,
            playbooks,
            lambda playbook: playbook.accept_file(request.user),
            done="Accepted",
            unchanged="Not changed",
        )
