"""The launch form's options, as far as its user may set them for the chosen playbook."""

from typing import Any, cast

from django import forms
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from accounts.models import User
from automation.models import Playbook
from automation.models.option_rules import (
    HIGHEST_OPEN_VERBOSITY,
    OPTION_RULES,
    Setter,
    refusal_of,
)
from inventory.models import Credential

VERBOSITY = [(0, "Normal"), *((level, "-" + "v" * level) for level in range(1, 5))]
# Said at a field that is disabled.
LOCKED = {
    Setter.ADMIN: "Only admins may set this for this playbook.",
    Setter.NOBODY: "Nobody may set this for this playbook.",
}
MORE = {
    Setter.ADMIN: "Only admins may set more.",
    Setter.NOBODY: "Nobody may set more.",
}
NO_GUARDS = {
    Setter.ADMIN: "Tags that switch off guards, such as “{}”, are for admins.",
    Setter.NOBODY: "Tags that switch off guards, such as “{}”, are not allowed.",
}


class OptionFields(forms.Form):
    left_out: list[str]

    check_mode = forms.BooleanField(
        required=False,
        label="Check mode",
        widget=UnfoldBooleanSwitchWidget,
        help_text="Report what would change, and change nothing.",
    )
    diff_mode = forms.BooleanField(
        required=False,
        label="Show differences",
        widget=UnfoldBooleanSwitchWidget,
        help_text="What changes in files and templates, before and after.",
    )
    become = forms.BooleanField(
        required=False,
        label="Become",
        widget=UnfoldBooleanSwitchWidget,
        help_text="Run tasks as another user, by default root.",
    )
    tags = forms.CharField(
        required=False,
        label="Only tags",
        widget=UnfoldAdminTextInputWidget,
        help_text="Comma-separated, e.g. web,config",
    )
    skip_tags = forms.CharField(
        required=False,
        label="Skip tags",
        widget=UnfoldAdminTextInputWidget,
        help_text="Comma-separated, e.g. slow,reboot",
    )
    start_at_task = forms.CharField(
        required=False,
        strip=False,
        max_length=255,
        label="Start at task",
        widget=UnfoldAdminTextInputWidget({"list": "launch-tasks"}),
        help_text="Skip the tasks before it.",
    )
    verbosity = forms.TypedChoiceField(
        choices=VERBOSITY,
        coerce=int,
        empty_value=None,
        initial=0,
        widget=UnfoldAdminSelectWidget,
    )
    forks = forms.IntegerField(
        initial=5,
        min_value=1,
        max_value=500,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="How many servers to work on at the same time.",
    )
    credential = forms.ModelChoiceField(
        Credential.objects.active(),
        required=False,
        empty_label="Each server's own",
        widget=UnfoldAdminSelectWidget,
        help_text="How Ansible logs in. Overrides the servers' own credentials.",
        error_messages={"invalid_choice": "There is no such active credential."},
    )
    deadline_seconds = forms.IntegerField(
        required=False,
        min_value=1,
        label="Stop after (seconds)",
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="The run is stopped when it takes longer.",
    )
    idle_deadline_seconds = forms.IntegerField(
        required=False,
        min_value=1,
        label="Stop after no output for (seconds)",
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Leave empty for no limit.",
    )

    def lock_options(self, playbook: Playbook, user: User) -> None:
        """Disable what this user may not set, and say why.

        A browser does not send disabled fields; whatever is sent nevertheless is refused by the
        launch itself. Values that the form would begin with are left out, and named.
        """
        for name, who in playbook.locked_for(user).items():
            if name == "guard_tags":
                self._say_at("tags", NO_GUARDS[who].format("never"))
                self._say_at("skip_tags", NO_GUARDS[who].format("always"))
            elif name == "debug_verbosity":
                self._lower_verbosity(name, who)
            else:
                self._disable(name, who)

    def is_disabled(self, name: str) -> bool:
        return bool(self.fields[name].widget.attrs.get("disabled"))

    def _disable(self, rule: str, who: Setter) -> None:
        for column in OPTION_RULES[rule].fields:
            name = column.removesuffix("_id")
            field = self.fields[name]
            field.widget.attrs["disabled"] = True
            field.required = False
            field.help_text = LOCKED[who]
            self._leave_out(name, rule, who)

    def _lower_verbosity(self, rule: str, who: Setter) -> None:
        field = self.fields["verbosity"]
        # Only those shown: the field knows all, so that the launch says who may set the others.
        shown = [each for each in VERBOSITY if each[0] <= HIGHEST_OPEN_VERBOSITY]
        cast(forms.Select, field.widget).choices = shown
        if not self.is_disabled("verbosity"):
            field.help_text = MORE[who]
        if (self.initial.get("verbosity") or 0) > HIGHEST_OPEN_VERBOSITY:
            self._leave_out("verbosity", rule, who)

    def _leave_out(self, name: str, rule: str, who: Setter) -> None:
        """Begin with the default instead of the value that an earlier run had."""
        default = self.defaults.get(name, self.fields[name].initial)
        if (self.initial.get(name) or default or None) != (default or None):
            self.left_out.append(f"{refusal_of(rule, who)} It is left out here.")
        self.initial[name] = default

    def _say_at(self, name: str, words: str) -> None:
        self.fields[name].help_text = f"{self.fields[name].help_text}. {words}"

    @property
    def defaults(self) -> dict[str, Any]:
        """Initial values that depend on the settings."""
        raise NotImplementedError
