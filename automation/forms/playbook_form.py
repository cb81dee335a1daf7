"""A playbook's form in the admin."""

from typing import Any, ClassVar

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from automation.models.option_rules import DEFAULTS, OPTION_RULES, Setter, without_defaults
from console.key_values import KeyValuesField
from inventory.secret_forms import NamesField

PREFIX = "may_set_"
RULE_FIELDS = [PREFIX + name for name in OPTION_RULES]


def _rule_field(name: str) -> forms.ChoiceField:
    rule, usual = OPTION_RULES[name], DEFAULTS[name]
    return forms.ChoiceField(
        label=f"{rule.label} ({rule.flag})" if rule.flag else rule.label,
        choices=[
            (each, f"{each.label} (default)" if each == usual else each.label) for each in Setter
        ],
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text=rule.help,
    )


# One choice for each option, as a form of its own.
RuleFields: Any = type(
    "RuleFields", (forms.ModelForm,), {PREFIX + name: _rule_field(name) for name in OPTION_RULES}
)


class PlaybookForm(RuleFields):
    tags = NamesField(
        required=False, widget=UnfoldAdminTextInputWidget, help_text="Comma-separated."
    )

    class Meta:
        field_classes: ClassVar = {"variables": KeyValuesField}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, who in self.instance.who_may_set().items():
            if PREFIX + name in self.fields:
                self.initial[PREFIX + name] = who

    def clean(self) -> dict[str, Any] | None:
        """Put the choices into the playbook; one that was not sent stays as it is."""
        data = super().clean()
        rules = {
            name: self.cleaned_data.get(PREFIX + name) or who
            for name, who in self.instance.who_may_set().items()
        }
        self.instance.option_rules = without_defaults(rules)
        return data
