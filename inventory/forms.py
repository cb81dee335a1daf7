"""The form of a server in the console: secrets among its variables are shown as masks."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from audit.redaction import has_mask, unmasked

from .models import Server


class ServerForm(forms.ModelForm):
    def clean_variables(self) -> Any:
        """A secret that comes back as its mask stays what it is."""
        stored = Server.objects.filter(pk=self.instance.pk).values_list("variables", flat=True)
        variables = unmasked(self.cleaned_data["variables"], stored.first() or {})
        if has_mask(variables):
            raise ValidationError(
                "A mask (********) stands for a secret that is stored, and here is none: "
                "write the secret itself."
            )
        return variables
