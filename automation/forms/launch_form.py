"""The launch form: which playbook, on which servers, with which values and options."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any, TypeVar, cast

from django import forms
from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.http import QueryDict
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from accounts.models import User
from audit.redaction import MASK
from automation import launching
from automation.launching import (
    Choice,
    Intention,
    InventoryPart,
    Launch,
    Launched,
    PlanChanged,
    SeveralInventories,
    launch_from,
)
from automation.launching.launches import LONGEST_LAUNCH_REASON
from automation.models import Playbook, Run
from automation.models.option_rules import ReservedOption
from automation.models.options import OPTIONS
from automation.models.playbooks import not_accepted
from automation.variables import masked
from console.lists import reason
from console.objects import row_key
from inventory.choosing import CHOSEN_BY
from inventory.models import Credential, Inventory, Server
from inventory.tag_texts import TAG_EXAMPLES
from schema.exceptions import Refused
from schema.limits import LONGEST_PATTERN, LONGEST_SEARCH

from .option_fields import OptionFields
from .server_choice import ServerOffer, ServersField, offer_groups, offer_servers
from .variable_fields import free_variables_field, variable_field

Tried = TypeVar("Tried")
PREFIX = "var_"
FREE = "extra_vars"


class LaunchForm(OptionFields):
    playbook = forms.ModelChoiceField(
        Playbook.objects.active(),
        empty_label="Choose a playbook",
        widget=UnfoldAdminSelectWidget,
        error_messages={"invalid_choice": "There is no such active playbook."},
    )
    servers = ServersField(
        Server.objects.all(),
        required=False,
    )
    inventory = forms.ChoiceField(
        required=False,
        label="Inventory",
        widget=UnfoldAdminSelectWidget,
        help_text="Alone: the whole inventory.",
    )
    groups = forms.CharField(
        required=False,
        max_length=LONGEST_SEARCH + 81,
        label="Group",
        widget=UnfoldAdminSelectWidget,
        help_text="With the groups in it.",
    )
    limit = forms.CharField(
        required=False,
        max_length=LONGEST_PATTERN,
        label="Limit",
        widget=UnfoldAdminTextInputWidget(
            {"placeholder": "web:&staging:!db1", "spellcheck": "false"}
        ),
        help_text="A pattern of groups and servers, as in Ansible.",
    )
    environment = forms.ChoiceField(
        required=False,
        label="Environment",
        widget=UnfoldAdminSelectWidget,
    )
    tag = forms.CharField(
        required=False,
        label="Tag",
        widget=UnfoldAdminTextInputWidget({"placeholder": TAG_EXAMPLES}),
        help_text="Name, or name and value.",
    )
    search = forms.CharField(
        required=False,
        max_length=LONGEST_SEARCH,
        label="Matching",
        widget=UnfoldAdminTextInputWidget({"placeholder": "web1 or 10.0.7."}),
        help_text="Part of a name, address or description.",
    )
    reason = forms.CharField(
        required=False,
        max_length=LONGEST_LAUNCH_REASON,
        widget=UnfoldAdminTextInputWidget,
        help_text="Recorded in the audit trail. Admins can override some checks by giving one.",
    )
    # If the form is sent twice (a double click, a reload), it makes one run. Without autocomplete,
    # as browsers would restore an old key.
    key = forms.CharField(widget=forms.HiddenInput({"autocomplete": "off"}), max_length=64)
    # The run that this one repeats, with changes.
    relaunch_of = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(
        self,
        *args: Any,
        playbook: Playbook | None = None,
        relaunch_of: Run | None = None,
        actor: User | None = None,
        **kwargs: Any,
    ) -> None:
        """With `actor`, options that this user may not set for the playbook are disabled."""
        # Another playbook means another launch, which gets none of the first one's secrets.
        self.chosen_playbook = playbook
        self.repeated = relaunch_of if relaunch_of and relaunch_of.playbook == playbook else None
        kwargs["initial"] = {
            "key": uuid.uuid4().hex,
            "playbook": playbook,
            **self.defaults,
            "relaunch_of": relaunch_of.pk if relaunch_of else "",
            **kwargs.get("initial", {}),
        }
        super().__init__(*args, **kwargs)
        self._offer_choices()
        self.schema: dict[str, Any] = playbook.schema() if playbook else {}
        for name, spec in self.schema.items():
            self.fields[PREFIX + name] = variable_field(name, spec)
            is_text = spec.get("type", "string") == "string"
            if name in self.known_secrets() and (spec.get("secret") or not is_text):
                self.fields[PREFIX + name].required = False
                self.fields[PREFIX + name].help_text += " Leave empty to keep the stored value."
        if playbook is not None and playbook.accepts_undeclared:
            self.fields[FREE] = free_variables_field(has_others=bool(self.schema))
        # A launch for each inventory, if the servers are in several.
        self.several: list[InventoryPart] = []
        # Sentences about what the repeated run had, and this form has not.
        self.left_out = []
        if playbook is not None and actor is not None:
            self.lock_options(playbook, actor)
            self._name_lost_variables(playbook)

    @property
    def defaults(self) -> dict[str, Any]:
        start = self.chosen_playbook.start if self.chosen_playbook else None
        forks = start.config.forks if start and start.config else None
        return {
            "deadline_seconds": settings.RUN_DEADLINE_SECONDS,
            "forks": forks or self.base_fields["forks"].initial,
        }

    def with_own_variables(self, sent: QueryDict) -> QueryDict:
        """The sent data, with this form's initial values for its variables."""
        data = sent.copy()
        for bound in self.variable_fields():
            data.pop(bound.html_name, None)
            if (value := bound.value()) not in (None, False):
                data[bound.html_name] = value
        return data

    def clean(self) -> dict[str, Any]:
        """Turn `servers` into what a Launch takes: a list of named servers, or a Choice."""
        data = self.cleaned_data
        choice = Choice.of(data)
        if data.get("servers") and choice.given:
            self.add_error("servers", "Choose servers by name or by the fields below, not both.")
        elif choice.given:
            data["servers"] = choice
            self._refuse_nobody(choice)
        elif not data.get("servers") and "servers" not in self.errors:
            self.add_error("servers", "Choose at least one server.")
        else:
            data["servers"] = list(data.get("servers") or ())
        return data

    def _refuse_nobody(self, choice: Choice) -> None:
        """Say once, at the first field that is wrong, that the choice matches no server."""
        try:
            choice.found()
        except ValidationError as error:
            name, said = next(iter(error.message_dict.items()))
            self.add_error(name, said)

    def launch(self, actor: User) -> Launched | None:
        """Launch. None if refused; then the errors are at their fields.

        Raises PlanChanged if something other than shown on the form would run.
        """
        expect = self.data.get("expect", "")
        return self._tried(
            lambda: launching.launch(actor, replace(self.to_launch(), expect=expect))
        )

    def rehearse(self, actor: User) -> Intention | None:
        """What it would do; None if it would be refused, with the errors at their fields."""
        return self._tried(lambda: launching.rehearse(actor, self.to_launch()))

    def to_launch(self) -> Launch:
        """The Launch of a valid form.

        Raises Refused if the run that it repeats cannot be relaunched.
        """
        data = self.cleaned_data
        if (run := self.repeated) is not None:
            values = self._changed_vars(run)
            launch = launch_from(run, servers=data["servers"], extra_vars=values)
        else:
            values = self.extra_vars()
            launch = Launch(playbook=data["playbook"], servers=data["servers"], extra_vars=values)
        return replace(
            launch,
            credential=data["credential"],
            reason=data["reason"],
            idempotency_key=data["key"],
            **{name: data[name] for name in OPTIONS},
        )

    def _tried(self, verb: Callable[[], Tried]) -> Tried | None:
        try:
            return verb()
        except ValidationError as error:
            self._place(error)
        except ReservedOption as error:
            self._place(ValidationError(dict(error.fields)))
        except PlanChanged:
            raise
        except SeveralInventories as error:
            self.several = error.parts
            self.add_error(None, reason(error))
        except (Refused, PermissionDenied) as error:
            self.add_error(None, reason(error))
        return None

    def extra_vars(self) -> Any:
        """The given values; an empty field gives none, so its default applies."""
        free = self.cleaned_data.get(FREE) or {}
        if not self.schema or not isinstance(free, dict):
            return free
        if doubled := ", ".join(self.schema.keys() & free.keys()):
            raise ValidationError({FREE: [f"Use the fields above for: {doubled}."]})
        given = dict(free)
        for name, spec in self.schema.items():
            value = self.cleaned_data[PREFIX + name]
            emptied = value == "" and bool(spec.get("default"))
            if value not in (None, "") or emptied:
                # Browsers send line ends as \\r\\n, whatever was typed.
                given[name] = value.replace("\r\n", "\n") if isinstance(value, str) else value
        return given

    def _name_lost_variables(self, playbook: Playbook) -> None:
        """The repeated run's variables that a launch may no longer pass have no field."""
        lost = playbook.undeclared_in(self.repeated.extra_vars) if self.repeated else []
        if lost:
            self.left_out.append(f"{not_accepted(lost)} They are left out here.")

    def known_secrets(self) -> set[str]:
        """Secrets of the repeated run, which this form need not ask for again."""
        return self.repeated.secret_names() if self.repeated else set()

    def _changed_vars(self, run: Run) -> Any:
        """Differences from the run's own values.

        Missing variables are removed, except for secrets whose field was left empty or has the
        mask.
        """
        given = self.extra_vars()
        if not isinstance(given, dict):
            return given
        kept = {
            name
            for name in run.secret_names()
            if (name in self.schema and name not in given) or given.get(name) == MASK
        }
        changes = dict.fromkeys(run.extra_vars) | given
        return {name: value for name, value in changes.items() if name not in kept}

    def offer_credentials(self, actor: User) -> None:
        """Offer only credentials that the actor's role may use; any other is refused."""
        field = cast(forms.ModelChoiceField, self.fields["credential"])
        field.queryset = Credential.objects.active().usable_by(actor)

    def _offer_choices(self) -> None:
        # Read when a page shows them, once.
        self.fields["groups"].widget.choices = cache(offer_groups)
        active = Server.objects.active()
        environments = active.order_by("environment").values_list("environment", flat=True)
        inventories = Inventory.objects.order_by("name").values_list("name", flat=True)
        offered = {"environment": environments.distinct(), "inventory": inventories}
        for field, names in offered.items():
            choices = [(name, name) for name in names]
            cast(forms.ChoiceField, self.fields[field]).choices = [("", "Any"), *choices]

    def _place(self, error: ValidationError) -> None:
        """Show each message at the field that it is about."""
        has_names = hasattr(error, "error_dict")
        by_name = error.error_dict if has_names else {NON_FIELD_ERRORS: error.error_list}
        aliases = {"server_id": "servers", "credential_id": "credential"}
        for name, errors in by_name.items():
            places = (aliases.get(name, name), PREFIX + name, FREE)
            field = next((place for place in places if place in self.fields), None)
            named = name in (FREE, NON_FIELD_ERRORS) or field not in (FREE, None)
            for each in errors:
                text = " ".join(each.messages)
                self.add_error(field, text if named else f"{name}: {text}")

    # Used by the template

    def variable_fields(self) -> list[forms.BoundField]:
        return [bound for bound in self if bound.name == FREE or bound.name.startswith(PREFIX)]

    def named_variable_fields(self) -> list[tuple[forms.BoundField, str]]:
        """(field, variable's name), the name only if the label differs."""
        named = [(bound, bound.name.removeprefix(PREFIX)) for bound in self.variable_fields()]
        return [(bound, name if bound.label != name else "") for bound, name in named]

    def option_fields(self) -> list[tuple[forms.BoundField, str]]:
        """(field, Ansible's flag or "") for each option except check mode."""
        flags = {name: flag if flag.startswith("-") else "" for name, flag in OPTIONS.items()}
        return [(self[name], flag) for name, flag in flags.items() if name != "check_mode"]

    def has_secrets(self) -> bool:
        return any(spec.get("secret") for spec in self.schema.values())

    def chosen_servers(self) -> list[Server]:
        """The servers that the form selects now, whatever else may be wrong with it."""
        choice = Choice.of({name: self[name].value() for name in CHOSEN_BY})
        if choice.given:
            return choice.servers if choice.is_valid() else []
        keys = [row_key(str(key)) for key in self["servers"].value() or ()]
        return list(Server.objects.filter(pk__in=[key for key in keys if key]))

    def offer(self) -> ServerOffer:
        """The check boxes for servers."""
        return offer_servers(self["servers"].value() or ())

    def has_options(self) -> bool:
        """True if a folded field is invalid or differs from its default."""
        first = self.defaults
        names = [*(bound.name for bound, _flag in self.option_fields()), "credential", "reason"]
        return any(
            self[name].errors
            or str(self[name].value() or "")
            != str(first.get(name, self.fields[name].initial) or "")
            for name in names
        )

    def problems(self) -> list[tuple[str, str]]:
        """(label, message) for everything that still prevents the run."""
        return [
            (str(self[name].label) if name in self.fields else "", str(message))
            for name, messages in self.errors.items()
            for message in messages
        ]


def initial_for_relaunch(run: Run) -> dict[str, Any]:
    """Initial values of the form for a relaunch, without servers.

    Secrets are not shown, and stay the same unless typed again.
    """
    schema, values = run.playbook.schema(), masked(run.extra_vars)
    options = {name: getattr(run, name) for name in OPTIONS}
    given = {
        PREFIX + name: value
        for name, value in values.items()
        if name in schema and not schema[name].get("secret")
    }
    others = {name: value for name, value in values.items() if name not in schema}
    free = {FREE: others} if others and run.playbook.accepts_undeclared else {}
    return {**options, **given, **free, "credential": run.credential_id}
