"""Forms for one server, with secrets in its variables masked, and for edits of many servers."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from unfold.forms import PaginationInlineFormSet

from console.key_values import KeyValuesField, MarkedValuesField
from schema.encryption import Undecryptable
from schema.exceptions import Refused

from .ansible.connection import ALIASES
from .host_variables import variables_to_store
from .importing.overriding import value_to_store
from .models import Server, VariableOverride
from .validators import validate_tags


class VariablesForm(forms.ModelForm):
    """A form for a row with variables; masks in it stand for stored secrets."""

    # The row that a new one is copied from: masks in the form stand for its secrets.
    copied: Any = None

    class Meta:
        field_classes: ClassVar = {"variables": MarkedValuesField}

    def clean_variables(self) -> Any:
        """Encrypt what is marked or sounds secret. A mask keeps the stored secret."""
        given = self.cleaned_data["variables"]
        keys = [row.pk for row in (self.instance, self.copied) if row and row.pk]
        rows: Any = self._meta.model._default_manager
        stored = rows.filter(pk__in=keys[:1]).values_list("variables", flat=True).first()
        return variables_to_store(given, stored or {}, getattr(given, "marked", None))


class ServerForm(VariablesForm):
    class Meta:
        field_classes: ClassVar = {"tags": KeyValuesField, "variables": MarkedValuesField}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for column, names in ALIASES.items():
            given = [name for name in names if name in self.instance.variables]
            if given and column in self.fields:
                self.fields[column].help_text = f"Its variable “{given[-1]}” wins over this."


class ServerGroupForm(VariablesForm):
    pass


class MemberFormSet(PaginationInlineFormSet):
    """Members of a group; those that a source has put in stay."""

    def clean(self) -> None:
        super().clean()
        kept = [form.instance for form in self.deleted_forms if form.instance.source_id]
        if kept:
            raise ValidationError([member.advice for member in kept])


class OverrideForm(forms.ModelForm):
    """An override of one variable of a server or group; a mask keeps the stored secret."""

    class Meta:
        model = VariableOverride
        fields: ClassVar = ["server", "group", "value"]
        labels: ClassVar = {"value": "Variable"}
        help_texts: ClassVar = {
            "server": "A server or a group of an inventory source.",
            "value": "One variable, with the value that replaces the source's.",
        }
        field_classes: ClassVar = {"value": MarkedValuesField}

    def clean_value(self) -> Any:
        given = self.cleaned_data["value"]
        if not isinstance(given, dict) or len(given) != 1:
            raise ValidationError("Enter exactly one variable.")
        (name,) = given
        if self.instance.pk and name != self.instance.name:
            raise ValidationError(
                f"This overrides “{self.instance.name}”. Add another override for “{name}”."
            )
        return given

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        row = self.instance.row or given.get("server") or given.get("group")
        if row is None or (given.get("server") and given.get("group")):
            raise ValidationError("Choose a server or a group.")
        for name, value in (given.get("value") or {}).items():
            try:
                value_to_store(row, name, value, is_secret=self.is_secret(name))
            except (Refused, Undecryptable) as error:
                raise ValidationError(str(error)) from None
        return given

    def is_secret(self, name: str) -> bool | None:
        """Whether it is marked; None keeps the mark that is stored."""
        marked = getattr(self.cleaned_data["value"], "marked", None)
        return None if marked is None else name in marked


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
