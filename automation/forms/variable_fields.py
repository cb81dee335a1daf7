"""A playbook's variables as form fields of the right types."""

from typing import Any

from django import forms
from django.forms.fields import InvalidJSONInput
from django.utils.html import escape
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from schema.fields import ReadableJSONField
from schema.secret_names import is_secret_name

# Used if the default itself must not be shown.
OWN_DEFAULT = "Set by the playbook"


class TextOfJSON(ReadableJSONField):
    """JSON that comes back as it was typed, and is empty if there is no value."""

    def bound_data(self, data: Any, initial: Any) -> Any:
        """The text as it was typed.

        Parsed and written again, it may not be encodable: "\\ud800" is valid JSON, but a lone
        surrogate.
        """
        return InvalidJSONInput(data) if isinstance(data, str) else data

    def prepare_value(self, value: Any) -> Any:
        """An empty field for no value, instead of “null”."""
        return "" if value is None else super().prepare_value(value)


def variable_field(name: str, spec: dict[str, Any]) -> forms.Field:
    """The form field for one entry of a playbook's schema.

    The playbook's own default is a placeholder rather than a value: what is sent was typed, and is
    data.
    """
    field = _field(name, spec)
    if is_secret_name(name):
        field.widget.attrs["data-secret"] = ""  # not to be kept by a browser: see unsent.js
    if (own := spec.get("playbook_default")) is not None and not isinstance(
        field, forms.ChoiceField
    ):
        field.widget.attrs["placeholder"] = f"Default: {own}" if own else OWN_DEFAULT
    return field


def _field(name: str, spec: dict[str, Any]) -> forms.Field:
    default = spec.get("default")
    common: dict[str, Any] = {
        "label": spec.get("label") or name,
        # Unfold takes help texts for HTML; this one comes from a file.
        "help_text": escape(spec.get("help", "")),
        "initial": default,
        "required": bool(spec.get("required")),
        "error_messages": {"required": "A value is required."},
    }
    kind = spec.get("type", "string")
    if spec.get("secret"):
        widget = UnfoldAdminPasswordWidget({"autocomplete": "new-password"})
        return forms.CharField(**common, strip=False, widget=widget)
    if kind == "choice":
        own = spec.get("playbook_default")
        empty = "Choose" if own is None else f"Default: {own}" if own else OWN_DEFAULT
        return _choice_field(spec["choices"], common, empty)
    if kind == "boolean":
        # Django's "required" would insist on yes.
        common["required"] = False
        return forms.BooleanField(**common, widget=UnfoldBooleanSwitchWidget)
    if kind == "integer":
        return forms.IntegerField(**common, widget=UnfoldAdminIntegerFieldWidget)
    if kind == "number":
        return forms.FloatField(**common, widget=UnfoldAdminIntegerFieldWidget({"step": "any"}))
    if kind in ("list", "object"):
        example = '["one", "two"]' if kind == "list" else '{"name": "value"}'
        widget = UnfoldAdminTextareaWidget({"rows": 4, "placeholder": example})
        return TextOfJSON(**common, widget=widget)
    many_lines = isinstance(default, str) and "\n" in default
    text = UnfoldAdminTextareaWidget({"rows": 4}) if many_lines else UnfoldAdminTextInputWidget
    return forms.CharField(**common, strip=False, widget=text)


def _choice_field(choices: list[Any], common: dict[str, Any], empty: str) -> forms.Field:
    by_text = {str(choice): choice for choice in choices}
    return forms.TypedChoiceField(
        **common,
        choices=[("", empty), *((text, text) for text in by_text)],
        coerce=by_text.__getitem__,
        empty_value=None,
        widget=UnfoldAdminSelectWidget,
    )


def free_variables_field(*, has_others: bool) -> forms.Field:
    """The field for undeclared variables."""
    return TextOfJSON(
        label="Other variables" if has_others else "Variables",
        required=False,
        widget=UnfoldAdminTextareaWidget({"rows": 4, "placeholder": '{"version": "1.4"}'}),
        help_text="A JSON object. Any variable, except Ansible's own settings.",
    )
