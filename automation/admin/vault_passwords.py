"""Vault passwords in the console: written, never shown."""

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from automation.models import VaultPassword
from console.lists import ConsoleAdmin
from inventory.secret_forms import SecretsForm, secret_field


class VaultPasswordForm(SecretsForm):
    new_password = secret_field("Password")

    class Meta:
        model = VaultPassword
        fields = ["playbook", "vault_id"]


@admin.register(VaultPassword)
class VaultPasswordAdmin(ConsoleAdmin):
    form = VaultPasswordForm
    list_display = ["vault_id", "playbook", "updated_at"]
    list_select_related = ["playbook"]
    list_filter = [("playbook", AutocompleteSelectFilter)]
    search_fields = ["vault_id", "playbook__name"]
    search_help_text = "Vault id or playbook"
    autocomplete_fields = ["playbook"]
    when_empty = "Add one for each vault id that a playbook uses."
    fieldsets = [(None, {"fields": ["playbook", "vault_id", "new_password"]})]

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Leave out the password field for users who may only view."""
        if obj is None or self.has_change_permission(request, obj):
            return super().get_fieldsets(request, obj)
        return [(None, {"fields": ["playbook", "vault_id", "created_at", "updated_at"]})]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return ["playbook"] if obj else []
