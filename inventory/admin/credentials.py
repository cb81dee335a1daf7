"""Credentials in the console."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import BooleanRadioFilter

from console.lists import ConsoleAdmin, Day, Narrow, TimeRangeFilter, without_fields
from inventory.models import Credential
from inventory.secret_forms import CredentialForm

SCOPE = (
    "Usable only on servers in these environments, groups and inventories, and on those listed "
    "here. Passwords are sent over SSH only, and only to servers with a pinned host key."
)


@admin.register(Credential)
class CredentialAdmin(ConsoleAdmin):
    form = CredentialForm
    list_display = [
        *("name", "ssh_user", "holds", "used_on", "used_by", "active_pill", "updated_at"),
    ]
    list_filter = [("is_active", BooleanRadioFilter), ("updated_at", TimeRangeFilter)]
    cell_filters = {
        "ssh_user": Narrow("ssh_user", "ssh_user"),
        "active_pill": Narrow("is_active__exact", "is_active"),
        "updated_at": Day("updated_at"),
    }
    search_fields = ["name", "description"]
    search_help_text = "Name or description"
    when_empty = (
        "A credential is how Ansible logs in. Assign it to servers, or choose it at a launch."
    )
    readonly_fields = ["holds", "used_on", "used_by", "created_at", "updated_at"]
    autocomplete_fields = ["allowed_groups", "allowed_inventories", "allowed_servers"]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Leave out the fields for secrets when the user may only view."""
        who = ("ssh_user",), ("become_method", "become_user")
        about = (None, {"fields": ["name", "description", "is_active", "holds"]})
        times = ("Times", {"fields": [("created_at", "updated_at")]})
        if obj is not None and not self.has_change_permission(request, obj):
            scope = ("Scope", {"fields": ["used_on", "used_by"]})
            return [about, scope, ("Login", {"fields": who}), times]
        held = obj.secrets_set if obj else []
        logging_in = _rows(held, "ssh_private_key", "ssh_key_passphrase", "ssh_password")
        fieldsets = [
            about,
            (
                "Scope",
                {
                    "fields": ["environments", *self.autocomplete_fields, "roles"],
                    "description": SCOPE,
                },
            ),
            ("Login", {"fields": [who[0], *logging_in]}),
            ("Privilege escalation", {"fields": [who[1], *_rows(held, "become_password")]}),
            ("Environment variables", {"fields": _rows(held, "environment")}),
            times,
        ]
        return fieldsets if obj else without_fields(fieldsets, self.readonly_fields)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Credential], search_term: str
    ) -> tuple[QuerySet[Credential], bool]:
        """Offer only active credentials when one is picked."""
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        is_picker = request.GET.get("field_name") == "credential"
        return (found.filter(is_active=True) if is_picker else found), may_repeat

    def get_queryset(self, request: HttpRequest) -> QuerySet[Credential]:
        return (
            super()
            .get_queryset(request)
            .prefetch_related("allowed_servers", "allowed_groups__inventory", "allowed_inventories")
        )

    @admin.display(description="usable on")
    def used_on(self, credential: Credential) -> str:
        return credential.used_on

    @admin.display(description="usable by")
    def used_by(self, credential: Credential) -> str:
        return credential.used_by

    @admin.display(description="secrets")
    def holds(self, credential: Credential) -> str:
        """The labels of the secrets that are set."""
        return ", ".join(map(credential.label_of, credential.secrets_set)) or "-"


def _rows(held: list[str], *names: str) -> list[tuple[str, ...]]:
    """A row for each secret, and one to clear it if it is set."""
    rows: list[tuple[str, ...]] = []
    for name in names:
        rows += [(f"new_{name}",), *([(f"clear_{name}",)] if name in held else [])]
    return rows
