"""Forms for one server, with secrets in its variables masked, and for edits of many servers."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from audit.redaction import has_mask, unmasked
from console.key_values import KeyValuesField

from .models import Server
from .validators import validate_tags


class ServerForm(forms.ModelForm):
    class Meta:
        field_classes: ClassVar = {"tags": KeyValuesField, "variables": KeyValuesField}

    def clean_variables(self) -> Any:
        """A secret sent back as its mask keeps its value."""
        stored = Server.objects.filter(pk=self.instance.pk).values_list("variables", flat=True)
        variables = unmasked(self.cleaned_data["variables"], stored.first() or {})
        if has_mask(variables):
            raise ValidationError(
                "******** stands for a stored secret, and none is stored here: enter the secret "
                "itself."
            )
        return variables


def _text(**more: Any) -> forms.CharField:
    return forms.CharField(
        widget=forms.TextInput(attrs={"class": "io-input", "autocomplete": "off"}), **more
    )


class TagForm(forms.Form):
    key = _text(label="Tag", max_length=80)
    value = _text(
        label="Value",
        max_length=200,
        required=False,
        help_text="Leave empty for a tag without a value.",
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if "key" in given:
            validate_tags({given["key"]: given.get("value") or True})
        return given


class EnvironmentForm(forms.Form):
    environment = _text(label="Environment", max_length=50)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = ", ".join(Server.objects.environments()[:20])
        self.fields["environment"].help_text = f"In use: {names}." if names else ""
