"""Bodies of `POST /api/jobs` and of relaunches, and how repeated idempotency keys are handled."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings

from accounts.models import ApiKey
from accounts.signed_in import signed_in
from automation import launching, variables
from automation.launching import (
    Choice,
    Intention,
    Launch,
    Launched,
    Only,
    Origin,
    PlanChanged,
    SeveralInventories,
    launch_from,
)
from automation.launching.launches import LONGEST_LAUNCH_REASON
from automation.models import Level, Playbook, Run
from automation.models.options import OPTIONS
from console.api.errors import Conflict
from console.api.openapi import ErrorSerializer
from console.api.serializers import StrictSerializer
from inventory.choosing import CHOSEN_BY
from inventory.models import Credential, Server
from inventory.tag_texts import TAG_EXAMPLES
from schema.exceptions import Refused
from schema.limits import LARGEST_KEY, LONGEST_PATTERN, LONGEST_SEARCH, MOST_ITEMS, list_some

from .several_inventories import SpansInventories

MOST_GROUPS = 100
KEY: dict[str, Any] = {"min_value": 1, "max_value": LARGEST_KEY}
NO_PLAYBOOK: dict[str, Any] = {"does_not_exist": "There is no playbook {pk_value}."}
NO_CREDENTIAL: dict[str, Any] = {"does_not_exist": "There is no credential {pk_value}."}
NO_SERVER: dict[str, Any] = {"does_not_exist": "There is no server {pk_value}."}


class OptionsSerializer(StrictSerializer):
    """Options of Run, validated by Run itself."""

    extra_vars = serializers.DictField(required=False)
    check_mode = serializers.BooleanField(required=False)
    diff_mode = serializers.BooleanField(required=False)
    tags = serializers.CharField(
        required=False, allow_blank=True, help_text="Comma-separated, for example “web,config”."
    )
    skip_tags = serializers.CharField(required=False, allow_blank=True)
    start_at_task = serializers.CharField(
        required=False,
        allow_blank=True,
        trim_whitespace=False,
        help_text="Skip the tasks before the one with this name.",
    )
    verbosity = serializers.IntegerField(required=False, help_text="0 to 4, as in -vvvv.")
    forks = serializers.IntegerField(
        required=False,
        help_text="How many servers Ansible works on at the same time; by default what the "
        "playbook's ansible.cfg says, or 5.",
    )
    become = serializers.BooleanField(required=False)
    deadline_seconds = serializers.IntegerField(required=False, help_text="Stop after this long.")
    idle_deadline_seconds = serializers.IntegerField(
        required=False, allow_null=True, help_text="Stop after this long without output."
    )
    reason = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=LONGEST_LAUNCH_REASON,
        help_text="Recorded in the audit trail. From an admin, it overrides checks that allow it.",
    )
    credential_id = serializers.PrimaryKeyRelatedField(
        source="credential",
        queryset=Credential.objects.all(),
        required=False,
        allow_null=True,
        pk_field=serializers.IntegerField(),
        error_messages=NO_CREDENTIAL,
        help_text="Takes precedence over the servers' own credentials.",
    )
    expect = serializers.RegexField(
        r"^[0-9a-f]{64}\Z",
        required=False,
        error_messages={"invalid": "A digest has 64 hexadecimal digits."},
        help_text="`digest` of a dry run. If something else would run now, nothing is launched: "
        "the response is 409, with the new `rehearsal`.",
    )
    dry_run = serializers.BooleanField(
        required=False, help_text="Launch nothing: run all checks and return what would run."
    )


class LaunchSerializer(OptionsSerializer):
    """`playbook_id`, and one of: `server_id`; `server_ids`; a selection by the other fields."""

    # The docstring shows in /api/docs. The validated data is input for launch_asked_for().

    playbook_id = serializers.PrimaryKeyRelatedField(
        source="playbook",
        queryset=Playbook.objects.all(),
        pk_field=serializers.IntegerField(),
        error_messages=NO_PLAYBOOK,
    )
    server_id = serializers.PrimaryKeyRelatedField(
        queryset=Server.objects.all(),
        required=False,
        pk_field=serializers.IntegerField(),
        error_messages=NO_SERVER,
    )
    server_ids = serializers.ListField(
        child=serializers.IntegerField(**KEY),
        required=False,
        allow_empty=False,
        max_length=MOST_ITEMS,
    )
    inventory = serializers.CharField(
        required=False,
        help_text="Every active server of this inventory. Alone, it is a launch on the whole "
        "inventory.",
    )
    groups = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST_SEARCH),
        required=False,
        allow_empty=False,
        max_length=MOST_GROUPS,
        help_text="Every active server in any of these groups or smart groups, or in a group "
        "within: “web”, or “web@staging” if several inventories have one.",
    )
    limit = serializers.CharField(
        required=False,
        max_length=LONGEST_PATTERN,
        help_text="Every active server that this pattern means in Ansible: “web:&staging:!db1”.",
    )
    environment = serializers.CharField(
        required=False, help_text="Every active server in this environment."
    )
    tag = serializers.CharField(
        required=False, help_text=f"Every active server with this tag: {TAG_EXAMPLES}."
    )
    search = serializers.CharField(
        required=False,
        max_length=LONGEST_SEARCH,
        help_text="Every active server whose name, address or description contains this.",
    )

    def validate_server_ids(self, ids: list[int]) -> list[Server]:
        found = Server.objects.in_bulk(set(ids))
        if missing := [str(pk) for pk in dict.fromkeys(ids) if pk not in found]:
            raise serializers.ValidationError(f"There is no server {list_some(missing)}.")
        return list(found.values())

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        servers = self._servers(attrs)
        check_variables(attrs["playbook"], attrs.get("extra_vars", {}))
        return attrs | {"servers": servers}

    @staticmethod
    def _servers(attrs: dict[str, Any]) -> list[Server] | Choice:
        """The servers named in one of the three ways, removed from `attrs`."""
        one, several = attrs.pop("server_id", None), attrs.pop("server_ids", None)
        named = {name: attrs.pop(name) for name in CHOSEN_BY if name in attrs}
        if [one is None, several is None, not named].count(False) != 1:
            raise serializers.ValidationError(
                {
                    "server_id": [
                        "Send exactly one of: server_id, server_ids, or a selection by "
                        "inventory, groups, limit, environment, tag and search."
                    ]
                }
            )
        if not named:
            return several if one is None else [one]
        choice = Choice.of(named)
        try:
            choice.found()
        except DjangoValidationError as error:
            raise serializers.ValidationError(error.message_dict) from None
        return choice


class IdlePlaySerializer(serializers.Serializer):
    """A play that matched no server of a run."""

    play = serializers.CharField()
    hosts = serializers.CharField(help_text="The play's `hosts` pattern.")
    place = serializers.CharField(help_text="File and line, for example “site.yml:12”.")
    reason = serializers.CharField()


class ViolationSerializer(serializers.Serializer):
    rule = serializers.CharField()
    level = serializers.ChoiceField([each.value for each in Level])
    message = serializers.CharField()
    waits_until = serializers.DateTimeField(
        allow_null=True, help_text="The run would be held until then."
    )


class IntentionSerializer(serializers.Serializer):
    """The response to a dry run."""

    server_count = serializers.SerializerMethodField()
    active_servers = serializers.IntegerField()
    production_count = serializers.SerializerMethodField(
        help_text="Number of servers in production (PRODUCTION_ENVIRONMENTS)."
    )
    servers = serializers.SerializerMethodField(help_text="Names of the servers.")
    words = serializers.ListField(
        child=serializers.CharField(), help_text="What would run, as shown on the launch form."
    )
    waits_for = serializers.ListField(
        child=serializers.CharField(), help_text="Why it would not start right away."
    )
    idle_plays = serializers.SerializerMethodField(
        help_text="Plays that will not run, as far as the playbook file shows."
    )
    skipped = serializers.ListField(
        source="forecast.skipped",
        child=serializers.CharField(),
        help_text="Names of the servers that no play targets.",
    )
    allowed = serializers.BooleanField(
        source="verdict.allowed", help_text="False if the run would be held."
    )
    violations = ViolationSerializer(
        source="verdict.violations", many=True, help_text="All failed checks."
    )
    digest = serializers.CharField(
        help_text="Identifies what would run. Send it as `expect` to launch exactly this."
    )
    command = serializers.CharField(help_text="The exact command line.")
    extra_vars = serializers.DictField(
        source="values", help_text="Including defaults. Secrets are shown as ********."
    )

    def get_server_count(self, intention: Intention) -> int:
        return len(intention.servers)

    def get_production_count(self, intention: Intention) -> int:
        return len(intention.production)

    @extend_schema_field(IdlePlaySerializer(many=True))
    def get_idle_plays(self, intention: Intention) -> list[dict[str, str]]:
        return [idle.as_row() for idle in intention.forecast.idle]

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_servers(self, intention: Intention) -> list[str]:
        return sorted(server.hostname for server in intention.servers)


class PlanChangedSerializer(ErrorSerializer):
    """A 409; includes `rehearsal` if something other than expected would run."""

    rehearsal = IntentionSerializer(
        required=False, help_text="What would run now; its `digest` is the next `expect`."
    )


class RelaunchSerializer(OptionsSerializer):
    """Changes to the earlier launch. `extra_vars` replaces only the variables it names."""

    only = serializers.ChoiceField(
        Only.choices, required=False, help_text="Servers to relaunch on. Default: all."
    )


def check_variables(playbook: Playbook, values: Any) -> None:
    """Raise a ValidationError of the API if the playbook does not take these values."""
    try:
        playbook.cleaned_values(values)
    except DjangoValidationError as error:
        problems = error.message_dict
        whole = {api_settings.NON_FIELD_ERRORS_KEY: problems.pop(variables.WHOLE, [])}
        raise serializers.ValidationError({"extra_vars": problems | whole}) from None


def origin_of(request: Request) -> Origin:
    """The API key that asks for a launch, or a person."""
    key = request.auth
    if isinstance(key, ApiKey):
        return Origin(Origin.Kind.API_KEY, key.pk)
    return Origin()


def launch_asked_for(request: Request, given: dict[str, Any]) -> Launch:
    """A Launch from data that LaunchSerializer has validated."""
    launch = Launch(
        playbook=given["playbook"],
        servers=given["servers"],
        extra_vars=given.get("extra_vars", {}),
    )
    return _with_options(request, launch, given)


def relaunch_asked_for(
    request: Request, run: Run, given: dict[str, Any], servers: Sequence[Server] = ()
) -> Launch:
    """A Launch from data that RelaunchSerializer has validated; on these servers, if given."""
    values = given.get("extra_vars")
    launch = launch_from(run, only=given.get("only"), servers=servers, extra_vars=values)
    check_variables(run.playbook, launch.extra_vars)
    return _with_options(request, launch, given)


class PlanConflict(Conflict):
    """409 with what would run now."""

    def __init__(self, error: PlanChanged) -> None:
        super().__init__(str(error))
        self.more = {"rehearsal": IntentionSerializer(error.intention).data}


def answer_rehearsal(request: Request, launch: Launch) -> Response:
    """The response to a dry run."""
    try:
        intention = launching.rehearse(signed_in(request), launch)
    except SeveralInventories as several:
        raise SpansInventories(several) from None
    except PlanChanged as error:
        raise PlanConflict(error) from None
    return Response(IntentionSerializer(intention).data)


def launch_once(request: Request, launch: Launch) -> Launched:
    """Launch. A key that was used for a different launch is an error rather than a repetition."""
    try:
        launched = launching.launch(signed_in(request), launch)
    except SeveralInventories as several:
        raise SpansInventories(several) from None
    except PlanChanged as error:
        raise PlanConflict(error) from None
    if not launched.is_new:
        _refuse_unless_made_by(launched.run, launch)
    return launched


def _with_options(request: Request, launch: Launch, given: dict[str, Any]) -> Launch:
    names = {"credential", "reason", "expect", *OPTIONS} & given.keys()
    return replace(
        launch,
        origin=origin_of(request),
        idempotency_key=request.headers.get("Idempotency-Key", ""),
        **{name: given[name] for name in names},
    )


def _refuse_unless_made_by(run: Run, launch: Launch) -> None:
    if not launching.was_made_by(run, launch):
        raise Refused(
            f"The key “{run.idempotency_key}” was already used for another launch. Use a new one."
        )
