"""What `POST /api/jobs` and a job's `relaunch` take, and what they do with a known key."""

from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import User
from automation import variables
from automation.models import Intention, Only, Playbook, Run
from automation.models.relaunching import plan
from console.api.serializers import StrictSerializer
from inventory.models import CHOSEN_BY, Credential, Server
from inventory.tag_texts import TAG_EXAMPLES
from schema.exceptions import Refused

KEY: dict[str, Any] = {"min_value": 1, "max_value": 2**31 - 1}
NO_PLAYBOOK: dict[str, Any] = {"does_not_exist": "There is no playbook {pk_value}."}
NO_CREDENTIAL: dict[str, Any] = {"does_not_exist": "There is no credential {pk_value}."}
NO_SERVER: dict[str, Any] = {"does_not_exist": "There is no server {pk_value}."}


class OptionsSerializer(StrictSerializer):
    """Run's own options, which it validates itself."""

    extra_vars = serializers.DictField(required=False)
    check_mode = serializers.BooleanField(required=False)
    diff_mode = serializers.BooleanField(required=False)
    tags = serializers.CharField(required=False, allow_blank=True, help_text="“web,config”")
    skip_tags = serializers.CharField(required=False, allow_blank=True)
    start_at_task = serializers.CharField(
        required=False, allow_blank=True, trim_whitespace=False, help_text="The task's name."
    )
    verbosity = serializers.IntegerField(required=False, help_text="0 to 4")
    forks = serializers.IntegerField(required=False, help_text="Servers at the same time.")
    become = serializers.BooleanField(required=False)
    deadline_seconds = serializers.IntegerField(required=False)
    idle_deadline_seconds = serializers.IntegerField(
        required=False, allow_null=True, help_text="How long it may print nothing."
    )
    credential_id = serializers.PrimaryKeyRelatedField(
        source="credential",
        queryset=Credential.objects.all(),
        required=False,
        allow_null=True,
        pk_field=serializers.IntegerField(),
        error_messages=NO_CREDENTIAL,
        help_text="It wins over the servers' own.",
    )


class LaunchSerializer(OptionsSerializer):
    """`playbook_id`, and either `server_id`, or `server_ids`, or `environment`, `tag` and
    `search`. Its validated data are ready for `launched`: playbook, servers, options."""

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
        child=serializers.IntegerField(**KEY), required=False, allow_empty=False, max_length=10_000
    )
    environment = serializers.CharField(
        required=False, help_text="All active servers of this environment."
    )
    tag = serializers.CharField(
        required=False, help_text=f"All active servers of this tag: {TAG_EXAMPLES}."
    )
    search = serializers.CharField(
        required=False,
        help_text="All active servers whose name, address or description contains this.",
    )
    dry_run = serializers.BooleanField(
        required=False, help_text="Launch nothing: check all of it, and say what it would do."
    )

    def validate_server_ids(self, ids: list[int]) -> list[Server]:
        found = Server.objects.in_bulk(set(ids))
        if missing := [str(pk) for pk in dict.fromkeys(ids) if pk not in found]:
            raise serializers.ValidationError(f"There is no server {', '.join(missing)}.")
        return list(found.values())

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        servers = self._servers(attrs)
        check_variables(attrs["playbook"], attrs.get("extra_vars", {}))
        return attrs | {"servers": servers}

    @staticmethod
    def _servers(attrs: dict[str, Any]) -> list[Server]:
        """Those that one of the three ways names, which are taken out of `attrs`."""
        one, several = attrs.pop("server_id", None), attrs.pop("server_ids", None)
        chosen = {name: attrs.pop(name) for name in CHOSEN_BY if name in attrs}
        if [one is None, several is None, not chosen].count(False) != 1:
            raise serializers.ValidationError(
                {
                    "server_id": [
                        "Name one server here, or several in server_ids, or choose by "
                        "environment, tag and search."
                    ]
                }
            )
        if not chosen:
            return several if one is None else [one]
        servers = Server.objects.chosen(**chosen)
        if not servers:
            raise serializers.ValidationError(
                {name: ["No active server is of this choice."] for name in chosen}
            )
        return servers


class IdlePlaySerializer(serializers.Serializer):
    """A play that took in no server of a run."""

    play = serializers.CharField()
    hosts = serializers.CharField(help_text="Its pattern, as it is written.")
    place = serializers.CharField(help_text="“site.yml:12”")
    reason = serializers.CharField()


class IntentionSerializer(serializers.Serializer):
    """What a dry run answers: see `Intention`."""

    server_count = serializers.SerializerMethodField()
    active_servers = serializers.IntegerField()
    production_count = serializers.SerializerMethodField(
        help_text="How many of the servers are in one of the PRODUCTION_ENVIRONMENTS."
    )
    servers = serializers.SerializerMethodField(help_text="Their names.")
    words = serializers.ListField(
        child=serializers.CharField(), help_text="What it would do, as the launch form says it."
    )
    waits_for = serializers.ListField(
        child=serializers.CharField(), help_text="Why it would not start at once, as things are."
    )
    idle_plays = serializers.SerializerMethodField(
        help_text="Plays that will not run, as far as the playbook's file says it."
    )
    skipped = serializers.ListField(
        source="forecast.skipped",
        child=serializers.CharField(),
        help_text="The names of the servers that no play is for.",
    )
    command = serializers.CharField(help_text="The exact command line.")
    extra_vars = serializers.DictField(
        source="values", help_text="With the defaults. Secrets are shown as ********."
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


class RelaunchSerializer(OptionsSerializer):
    """What differs from the first launch. `extra_vars` replaces those that it names."""

    only = serializers.ChoiceField(Only.choices, required=False, help_text="Without it: all.")


def check_variables(playbook: Playbook, values: Any) -> None:
    try:
        variables.cleaned(playbook.schema(), values)
    except DjangoValidationError as error:
        raise serializers.ValidationError({"extra_vars": error.message_dict}) from None


def relaunched(
    actor: User, run: Run, given: dict[str, Any], idempotency_key: str
) -> tuple[Run, bool]:
    """The run that does `run` once more, and whether it is new."""
    known = idempotency_key and Run.objects.launched_with(run.playbook, actor, idempotency_key)
    changes = dict(given)
    planned = plan(run, changes.pop("only", None), changes)
    if known:
        _refuse_unless_same(known, planned.pop("servers"), planned)
        return known, False
    check_variables(run.playbook, planned["extra_vars"])
    again = run.relaunch(actor, idempotency_key=idempotency_key, **given)
    return again, not again.is_repeated


def launched(actor: User, given: dict[str, Any], idempotency_key: str) -> tuple[Run, bool]:
    """The run of a request, and whether it is new: a key's second launch finds the first."""
    playbook, servers = given["playbook"], given["servers"]
    options = {name: value for name, value in given.items() if name not in ("playbook", "servers")}
    known = idempotency_key and Run.objects.launched_with(playbook, actor, idempotency_key)
    if known:
        _refuse_unless_same(known, servers, options)
        return known, False
    run = playbook.launch(actor, servers, idempotency_key=idempotency_key, **options)
    if run.is_repeated:  # the same request, at the same moment, was a little faster
        _refuse_unless_same(run, servers, options)
    return run, not run.is_repeated


def _refuse_unless_same(run: Run, servers: list[Server], options: dict[str, Any]) -> None:
    """A key that comes with another request is a mistake, and not a repetition."""
    given = variables.cleaned(run.playbook.schema(), options.pop("extra_vars", {}))
    options.setdefault("relaunch_of", None)
    same = (
        set(run.jobs.values_list("server_id", flat=True)) == {server.pk for server in servers}
        and variables.opened(run.extra_vars) == given
        and all(getattr(run, name) == value for name, value in options.items())
    )
    if not same:
        raise Refused(
            f"The key “{run.idempotency_key}” was used for another launch: take a new key."
        )
