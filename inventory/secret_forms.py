"""Forms for records with secrets, which are never shown.

Leaving a field empty keeps the stored secret; ticking a box clears it. A form declares `new_NAME =
secret_field(…)` and `clear_NAME = clear_field(…)` for each secret.
"""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from accounts.models import User

from .models import Credential, Server, launching_roles

NEW, CLEAR = "new_", "clear_"


class UnshownTextarea(UnfoldAdminTextareaWidget):
    """A multi-line secret; like a password field, it is always rendered empty."""

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        return super().get_context(name, None, attrs)


def secret_field(label: str, help_text: str = "", *, many_lines: bool = False) -> forms.CharField:
    off = {
        "autocomplete": "off" if many_lines else "new-password",
        "spellcheck": "false",
        "data-secret": "",
    }
    widget = UnshownTextarea({**off, "rows": 6}) if many_lines else UnfoldAdminPasswordWidget(off)
    return forms.CharField(
        label=label, help_text=help_text, required=False, strip=False, widget=widget
    )


def clear_field(label: str) -> forms.BooleanField:
    return forms.BooleanField(label=label, required=False, widget=UnfoldBooleanSwitchWidget)


class SecretsForm(forms.ModelForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.instance.SECRETS:
            if NEW + name in self.fields and name in self.instance.secrets_set:
                field = self.fields[NEW + name]
                field.help_text = f"Set. Leave empty to keep it. {field.help_text}".strip()

    def secret(self, name: str, text: str) -> Any:
        """Convert typed text to what is stored. Raises ValidationError."""
        return text

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name in self.instance.SECRETS:
            text = cleaned.get(NEW + name)
            if text and cleaned.get(CLEAR + name):
                self.add_error(NEW + name, "Enter a new value or clear it, not both.")
            elif text:
                self._take(name, text)
            elif cleaned.get(CLEAR + name):
                setattr(self.instance, name, "")
        return cleaned

    def _take(self, name: str, text: str) -> None:
        try:
            setattr(self.instance, name, self.secret(name, text))
        except ValidationError as error:
            self.add_error(NEW + name, error)

    def _update_errors(self, errors: Any) -> None:
        """Show the model's errors at the form's corresponding fields."""
        by_name = getattr(errors, "error_dict", {})
        for name in set(by_name) & set(self.instance.SECRETS):
            by_name[NEW + name] = by_name.pop(name)
        super()._update_errors(errors)  # type: ignore[misc]  # Django's own hook


class NamesField(forms.CharField):
    """A comma-separated list of names."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        if str(value or "").lstrip().startswith(("[", "{")):
            raise ValidationError("Enter comma-separated names, e.g. web, db.")
        names = (name.strip() for name in str(value or "").split(","))
        return [name for name in names if name]


def other_roles() -> list[tuple[str, str]]:
    """(role, label) for the roles that may launch, except admin."""
    labels = dict(User.Role.choices)
    return [(role, labels[role]) for role in launching_roles() if role != User.Role.ADMIN]


class CredentialForm(SecretsForm):
    new_ssh_private_key = secret_field(
        "Private key", "The whole file, including the BEGIN and END lines.", many_lines=True
    )
    clear_ssh_private_key = clear_field("Clear the key")
    new_ssh_key_passphrase = secret_field("Key passphrase")
    clear_ssh_key_passphrase = clear_field("Clear the passphrase")
    new_ssh_password = secret_field("SSH password")
    clear_ssh_password = clear_field("Clear the password")
    new_become_password = secret_field("Become password")
    clear_become_password = clear_field("Clear the password")
    new_environment = secret_field(
        "Environment variables",
        "One NAME=value per line. Replaces all variables that are set. Passed to ansible-playbook "
        "and what it runs on the worker; values are masked in logs.",
        many_lines=True,
    )
    clear_environment = clear_field("Clear the variables")

    environments = NamesField(
        label="Usable in environments", required=False, widget=UnfoldAdminTextInputWidget
    )
    roles = forms.MultipleChoiceField(
        label="Usable by",
        required=False,
        choices=other_roles,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="Admins can always use it.",
    )

    class Meta:
        model = Credential
        fields = [
            *("name", "description", "is_active", "ssh_user", "become_method", "become_user"),
            *("environments", "allowed_groups", "allowed_inventories", "allowed_servers", "roles"),
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "environments" in self.fields:
            names = ", ".join(Server.objects.environments()[:20])
            known = f" In use: {names}." if names else ""
            self.fields["environments"].help_text = f"Comma-separated.{known}"

    def secret(self, name: str, text: str) -> Any:
        return parse_environment(text) if name == "environment" else text


def parse_environment(text: str) -> dict[str, str]:
    """Parse lines of NAME=value, skipping empty lines and those that begin with #."""
    found = {}
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals:
            # Do not repeat the line, which may be a secret.
            raise ValidationError("Each line must be NAME=value.")
        found[name.strip()] = value
    return found
