"""How a form chooses servers by name."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelectMultiple
from django.core.exceptions import ValidationError

from automation.models import Job
from console.objects import row_key


class ServerSelect(AutocompleteSelectMultiple):
    """Searches as one types; only the chosen servers are in the page, however many there are."""

    def __init__(self) -> None:
        super().__init__(Job._meta.get_field("server"), admin.site)

    def optgroups(self, name: str, value: Sequence[str], attrs: Any = None) -> Any:
        # What is no key is an error of the field; looked up, it would be one of the page.
        return super().optgroups(name, [key for key in value if row_key(str(key))], attrs)


class ServersField(forms.ModelMultipleChoiceField):
    def clean(self, value: Any) -> Any:
        """Numbers that no key can be are refused here: the database would not take them."""
        for key in value or ():
            if str(key).isdecimal() and not row_key(str(key)):
                raise ValidationError(f"There is no server {key}.")
        return super().clean(value)
