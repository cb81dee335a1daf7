"""A playbook's form in the admin."""

from typing import Any, ClassVar

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from automation.content.play_hosts import plays_for_localhost
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


LOCALHOST_CHOICES = [
    ("", "Ask when it has such plays"),
    ("False", "Only in launches on a whole inventory"),
    ("True", "In every launch, on the worker itself"),
]


class PlaybookForm(RuleFields):
    runs_localhost = forms.TypedChoiceField(
        label="Plays for localhost run",
        choices=LOCALHOST_CHOICES,
        coerce=lambda chosen: chosen == "True",
        empty_value=None,
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text="On the worker they have the rights of its system user. A launch on a whole "
        "inventory always runs them, like ansible-playbook without --limit.",
    )
    tags = NamesField(
        required=False, widget=UnfoldAdminTextInputWidget, help_text="Comma-separated."
    )

    class Meta:
        field_classes: ClassVar = {"variables": KeyValuesField}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "runs_localhost" in self.fields:
            if self.instance.pk:
                self.fields["runs_localhost"].choices = LOCALHOST_CHOICES[1:]
            else:
                self.initial["runs_localhost"] = ""
        for name, who in self.instance.who_may_set().items():
            if PREFIX + name in self.fields:
                self.initial[PREFIX + name] = who

    def clean(self) -> dict[str, Any] | None:
        """Put the choices into the playbook; one that was not sent stays as it is."""
        data = super().clean()
        if self.cleaned_data.get("runs_localhost") is None:
            self._ask_for_localhost()
            self.cleaned_data["runs_localhost"] = self.instance.runs_localhost
        rules = {
            name: self.cleaned_data.get(PREFIX + name) or who
            for name, who in self.instance.who_may_set().items()
        }
        self.instance.option_rules = without_defaults(rules)
        return data

    def _ask_for_localhost(self) -> None:
        """Whoever registers a playbook with plays for localhost decides when they run."""
        file_path = self.cleaned_data.get("file_path", "")
        plays = plays_for_localhost(file_path) if file_path and not self.instance.pk else []
        if plays:
            self.add_error("runs_localhost", f"Choose when {plays[0].words} runs.")
