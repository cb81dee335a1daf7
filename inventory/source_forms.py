"""The form of an inventory source: a path in the playbook folder, or an upload."""

from pathlib import PurePath
from typing import Any, ClassVar

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from .ansible.reading import LARGEST_UPLOAD, upload_problem
from .models import InventorySource
from .secret_forms import NamesField
from .syncing.candidates import candidate_paths

KEPT = "Leave both empty to keep the present upload."
FORMATS = {".yml": "yaml", ".yaml": "yaml", ".json": "yaml", ".toml": "toml", ".ini": "ini"}


class PathInput(UnfoldAdminTextInputWidget):
    """Offers the paths below PLAYBOOK_ROOT that look like inventories; any other can be typed."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        offered = f"{name}-offered"
        field = super().render(name, value, {**(attrs or {}), "list": offered}, renderer)
        options = format_html_join(
            "", '<option value="{}"></option>', ((path,) for path in candidate_paths())
        )
        return format_html('{}<datalist id="{}">{}</datalist>', field, offered, options)


class SourceForm(forms.ModelForm):
    file = forms.FileField(
        required=False,
        widget=UnfoldAdminFileFieldWidget,
        help_text="INI, YAML or TOML. It is read as data: scripts and plugin configurations are "
        "refused.",
    )
    text = forms.CharField(
        label="Text",
        required=False,
        strip=False,
        widget=UnfoldAdminTextareaWidget({"rows": 8, "spellcheck": "false", "autocomplete": "off"}),
        help_text="Instead of a file: paste the inventory here.",
    )
    pass_environment = NamesField(
        label="Environment variables",
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="Comma-separated names of the worker's variables that a script or plugin may "
        "see, such as AWS_PROFILE.",
    )

    class Meta:
        widgets: ClassVar = {"path": PathInput}
        labels: ClassVar = {"syncs": "When"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "text" in self.fields and self.instance.pk and self.instance.is_upload:
            self.fields["text"].help_text = KEPT

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("kind", self.instance.kind) == InventorySource.Kind.UPLOAD:
            self._take_upload(cleaned)
        elif cleaned.get("file") or (cleaned.get("text") or "").strip():
            self.add_error("kind", "Choose “Upload” to use the file or text below.")
        return cleaned

    def _take_upload(self, cleaned: dict[str, Any]) -> None:
        file, text = cleaned.get("file"), cleaned.get("text") or ""
        if file and text.strip():
            self.add_error("text", "Choose a file or paste its text, not both.")
        elif file or text.strip():
            name = "file" if file else "text"
            kind = cleaned.get("format") or (_format_of(file.name) if file else "")
            # One byte more than is allowed shows that it is too large.
            content = _beginning_of(file) if file else text.encode(errors="replace")
            if not kind:
                self.add_error("format", "Choose the format of the upload.")
            elif problem := upload_problem(content, kind):
                self.add_error(name, problem)
            else:
                cleaned["format"] = kind
                self.instance.content = content.decode()


def _format_of(name: str) -> str:
    return FORMATS.get(PurePath(name).suffix.lower(), "")


def _beginning_of(file: Any) -> bytes:
    return bytes(file.read(LARGEST_UPLOAD + 1))
