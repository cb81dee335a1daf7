"""The form of an export."""

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldBooleanSwitchWidget

from inventory.secret_forms import secret_field

LABELS = [
    ("yaml", "YAML: one file"),
    ("json", "JSON: one file"),
    ("folder", "Folder, zipped: with group_vars and host_vars"),
]


class ExportForm(forms.Form):
    format = forms.ChoiceField(
        choices=LABELS, initial="yaml", widget=UnfoldAdminRadioSelectWidget, label="Format"
    )
    with_secrets = forms.BooleanField(
        label="With secrets",
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text="Each file is encrypted with ansible-vault. Otherwise secrets are ********.",
    )
    vault_password = secret_field("Vault password", "At least 8 characters. It is not stored.")
    again = secret_field("Vault password again")

    def __init__(self, *args: Any, may_have_secrets: bool, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        if not may_have_secrets:
            for name in ("with_secrets", "vault_password", "again"):
                del self.fields[name]

    def clean(self) -> dict[str, Any] | None:
        data = super().clean()
        given = self.cleaned_data
        if given.get("vault_password", "") != given.get("again", ""):
            self.add_error("again", "The passwords differ.")
        return data
