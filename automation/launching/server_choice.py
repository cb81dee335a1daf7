"""The form field to choose servers by name."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelectMultiple
from django.core.exceptions import ValidationError

from automation.models import Job
from console.objects import row_key


class ServerSelect(AutocompleteSelectMultiple):
    """Searches while typing; only the chosen servers are in the page, however many exist."""

    def __init__(self) -> None:
        super().__init__(Job._meta.get_field("server"), admin.site)

    def optgroups(self, name: str, value: Sequence[str], attrs: Any = None) -> Any:
        # Ignore invalid keys here; the field reports them, whereas looking them up would crash the
        # page.
        return super().optgroups(name, [key for key in value if row_key(str(key))], attrs)


class ServersField(forms.ModelMultipleChoiceField):
    def clean(self, value: Any) -> Any:
        """Reject numbers that no key can have, which the database would not accept."""
        for key in value or ():
            if str(key).isdecimal() and not row_key(str(key)):
                raise ValidationError(f"There is no server {key}.")
        return super().clean(value)
