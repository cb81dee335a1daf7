"""Who may set which option of a launch: operators, admins or nobody.

Some options switch off what a playbook's author relies on: `--skip-tags always` leaves out the
checks at its beginning, `--start-at-task` whatever comes before, `--become` makes every task run
as root, and `-vvv` prints what tasks were given. By default these are for admins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models

from accounts.models import User
from automation.content.task_names import read_task_names
from schema.fields import JSONShapeField
from schema.limits import first_problems, quoted

if TYPE_CHECKING:
    from .runs import Run

HIGHEST_OPEN_VERBOSITY = 2
MAY_SET_RESERVED = "automation.set_reserved_option"


class Setter(models.TextChoices):
    OPERATOR = "operator", "Operators and admins"
    ADMIN = "admin", "Admins only"
    NOBODY = "nobody", "Nobody"


@dataclass(frozen=True)
class OptionRule:
    """An option, or a use of one, that may be reserved.

    `fields` are the columns of a run that it is about: the first is named when it is refused.
    `is_used(run)` tells whether a run makes use of it.
    """

    label: str
    flag: str
    fields: tuple[str, ...]
    setter: Setter
    is_used: Callable[[Run], bool]
    help: str = ""


def _changes(*names: str) -> Callable[[Run], bool]:
    return lambda run: not run.options().keys().isdisjoint(names)


def _switches_off_guards(run: Run) -> bool:
    return bool(guards_left_out(run))


def _rule(
    label: str, flag: str, *fields: str, setter: Setter = Setter.OPERATOR, **more: Any
) -> OptionRule:
    return OptionRule(label, flag, fields, setter, **{"is_used": _changes(*fields), **more})


# The keys are stored: a new option is added, none is renamed.
OPTION_RULES: dict[str, OptionRule] = {
    "check_mode": _rule("Check mode", "--check", "check_mode"),
    "diff_mode": _rule("Show differences", "--diff", "diff_mode"),
    "tags": _rule("Only tags", "--tags", "tags"),
    "skip_tags": _rule("Skip tags", "--skip-tags", "skip_tags"),
    "guard_tags": _rule(
        "Tags that switch off guards",
        "--skip-tags always",
        "skip_tags",
        "tags",
        setter=Setter.ADMIN,
        is_used=_switches_off_guards,
        help="Skipping “always”, “tagged” or another tag of a task that is tagged “always”; "
        "running only “never”.",
    ),
    "start_at_task": _rule(
        "Start at task",
        "--start-at-task",
        "start_at_task",
        setter=Setter.ADMIN,
        help="Skips every task before it, also those tagged “always”.",
    ),
    "verbosity": _rule("Verbosity up to -vv", "-v", "verbosity"),
    "debug_verbosity": _rule(
        "Verbosity -vvv and more",
        "-vvv",
        "verbosity",
        setter=Setter.ADMIN,
        is_used=lambda run: run.verbosity > HIGHEST_OPEN_VERBOSITY,
        help="Prints connection details and what tasks were given.",
    ),
    "forks": _rule("Forks", "--forks", "forks"),
    "become": _rule(
        "Become",
        "--become",
        "become",
        setter=Setter.ADMIN,
        help="Runs every task as another user, by default root.",
    ),
    "deadlines": _rule("Deadlines", "", "deadline_seconds", "idle_deadline_seconds"),
    "credential": _rule(
        "Credential",
        "",
        "credential_id",
        is_used=lambda run: run.credential_id is not None,
        help="Which credentials a user may choose is set at each credential.",
    ),
}
DEFAULTS = {name: rule.setter for name, rule in OPTION_RULES.items()}

# Ansible (2.19) skips a task if one of its tags is skipped, whatever its other tags are. Of its
# special words:
# - skip “always”: every guard; skip “tagged”: every task with a tag, and so every guard.
# - skip “all”: Ansible spares tasks tagged “always”. Skip “untagged” or “never”: they run too.
# - only “never”: runs what its author has marked as not to be run unless it is asked for by name,
#   all at once. Only “untagged”, “tagged” or “all”: leave “never” out, and run “always”.
# They are words like other tags: case matters.
SKIPPED_GUARDS = {"always", "tagged"}
ONLY_GUARDED = {"never"}


def guards_left_out(run: Run) -> list[str]:
    """The run's tags, skipped or chosen, that switch off guards; see above.

    Reads the playbook's files if the run skips any other tag.
    """
    skipped, only = (set(filter(None, text.split(","))) for text in (run.skip_tags, run.tags))
    found = (skipped & SKIPPED_GUARDS) | (only & ONLY_GUARDED)
    if skipped - SKIPPED_GUARDS:
        found |= skipped & read_task_names(run.playbook.file_path).guard_tags
    return sorted(found)


def validate_option_rules(value: Any) -> None:
    if not isinstance(value, dict):
        raise ValidationError('Must be an object, like {"become": "operator"}.')
    problems = [words for name, setter in value.items() if (words := _problem(name, setter))]
    if problems:
        raise ValidationError(first_problems(problems))


def _problem(name: Any, setter: Any) -> str:
    if name not in OPTION_RULES:
        return f"“{quoted(str(name))}” is not an option. Options: {', '.join(OPTION_RULES)}."
    if setter not in Setter.values:
        return f"{name}: must be one of {', '.join(Setter.values)}."
    return ""


class ReservedOption(PermissionDenied):
    """A launch sets options that its user may not set. `fields` has a reason for each."""

    def __init__(self, fields: Mapping[str, list[str]]) -> None:
        super().__init__(" ".join(words for said in fields.values() for words in said))
        self.fields = fields
        self.more = {"fields": fields}  # of the API's response


class OptionRules(models.Model):
    """The column of the rules. It has those that differ from the defaults: {option: who}."""

    option_rules = JSONShapeField(
        "who may set launch options",
        default=dict,
        db_default={},
        blank=True,
        validators=[validate_option_rules],
    )

    class Meta:
        abstract = True

    def who_may_set(self) -> dict[str, Setter]:
        """{option: who}, for every option."""
        return {**DEFAULTS, **{name: Setter(each) for name, each in self.option_rules.items()}}

    def locked_for(self, user: User) -> dict[str, Setter]:
        """{option: who may} for what this user may not set."""
        may_reserved = user.has_perm(MAY_SET_RESERVED)
        return {
            name: setter
            for name, setter in self.who_may_set().items()
            if setter == Setter.NOBODY or (setter == Setter.ADMIN and not may_reserved)
        }

    def options_refused(self, run: Run, user: User) -> dict[str, Setter]:
        """{option: who may} for what the run sets and this user may not set."""
        locked = self.locked_for(user)
        return {name: who for name, who in locked.items() if OPTION_RULES[name].is_used(run)}

    def options_problem(self, run: Run, user: User) -> str:
        """The same as sentences; "" if there is nothing to refuse."""
        refused = self.options_refused(run, user)
        return " ".join(refusal_of(name, who, run) for name, who in refused.items())

    def refuse_options(self, run: Run, user: User) -> None:
        """Raise ReservedOption if only admins may set some, ValidationError if nobody may."""
        refused = self.options_refused(run, user)
        fields: dict[str, list[str]] = {}
        for name, who in refused.items():
            said = refusal_of(name, who, run)
            fields.setdefault(_field_of(name, run), []).append(said)
        if Setter.NOBODY in refused.values():
            raise ValidationError(fields)
        if refused:
            raise ReservedOption(fields)


def refusal_of(name: str, who: Setter, run: Run | None = None) -> str:
    """ "Only admins may set “Become” (--become) at a launch."; names the run's own tags."""
    rule = OPTION_RULES[name]
    tags = guards_left_out(run) if run is not None and name == "guard_tags" else []
    detail = ", ".join(tags) or rule.flag
    what = f"“{rule.label}”" + (f" ({detail})" if detail else "")
    whom = "Only admins" if who == Setter.ADMIN else "Nobody"
    return f"{whom} may set {what} at a launch."


def _field_of(name: str, run: Run) -> str:
    """The run's column to say it at: of those that the rule is about, the first that is set."""
    fields = OPTION_RULES[name].fields
    return next((field for field in fields if field in run.options()), fields[0])


def without_defaults(rules: Mapping[str, str]) -> dict[str, str]:
    """Rules as they are stored."""
    return {name: str(each) for name, each in rules.items() if DEFAULTS.get(name) != each}
