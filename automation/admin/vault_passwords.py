"""Vault passwords in the console: written, never shown."""

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from automation.models import VaultPassword
from console.lists import ConsoleAdmin
from inventory.secret_forms import SecretsForm, secret_field

OWNERS = ("playbook", "inventory")


class VaultPasswordForm(SecretsForm):
    new_password = secret_field("Password")

    class Meta:
        model = VaultPassword
        fields = ["playbook", "inventory", "vault_id"]
        labels = {"vault_id": "Vault ID"}


@admin.register(VaultPassword)
class VaultPasswordAdmin(ConsoleAdmin):
    form = VaultPasswordForm
    list_display = ["vault_id", "playbook", "inventory", "updated_at"]
    list_select_related = ["playbook", "inventory"]
    list_filter = [
        ("playbook", AutocompleteSelectFilter),
        ("inventory", AutocompleteSelectFilter),
    ]
    search_fields = ["vault_id", "playbook__name", "inventory__name"]
    search_help_text = "Vault ID, playbook or inventory"
    autocomplete_fields = ["playbook", "inventory"]
    when_empty = "Add one for each vault ID that a playbook or an inventory uses."
    fieldsets = [(None, {"fields": [*OWNERS, "vault_id", "new_password"]})]

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Leave out the password field for users who may only view."""
        if obj is None or self.has_change_permission(request, obj):
            return super().get_fieldsets(request, obj)
        return [(None, {"fields": [*OWNERS, "vault_id", "created_at", "updated_at"]})]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return [*OWNERS] if obj else []
