"""/api/playbooks, with everything that a playbook's own page shows."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from automation.filters import PlaybookFilters
from automation.models import Job, Playbook
from automation.models.option_rules import DEFAULTS, Setter, without_defaults
from automation.reports.playbook_history import playbook_history
from automation.reports.playbook_parts import list_playbook_parts
from console.api.serializers import NoFields, StrictModelSerializer
from console.api.viewsets import EditableViewSet
from schema.exceptions import Refused


class OptionRulesField(serializers.DictField):
    """{option: who may set it}: all of them when read; those left out have their defaults."""

    child = serializers.ChoiceField(Setter.choices)

    def to_representation(self, value: dict[str, str]) -> dict[str, str]:
        return {name: str(who) for name, who in {**DEFAULTS, **value}.items()}

    def to_internal_value(self, data: Any) -> dict[str, str]:
        """Unknown options are left to the model."""
        return without_defaults(super().to_internal_value(data))


class PlaybookSerializer(StrictModelSerializer):
    option_rules = OptionRulesField(
        required=False,
        help_text="Who may set each launch option: `operator`, `admin` or `nobody`. "
        "When written, options that are left out get their defaults.",
    )
    file_state = serializers.ChoiceField(
        ["unchanged", "changed", "missing"],
        read_only=True,
        help_text="State of the file compared with the accepted one.",
    )

    warnings = serializers.ListField(
        child=serializers.CharField(),
        read_only=True,
        help_text="Warnings: variables whose names Ansible also uses, plays that few launches run.",
    )

    class Meta:
        model = Playbook
        fields = [
            "id",
            "name",
            "description",
            "file_path",
            "file_hash",
            "file_state",
            "tags",
            "variables",
            "warnings",
            "accepts_undeclared",
            "working_directory",
            "runs_localhost",
            "option_rules",
            "is_active",
            "created_at",
            "updated_at",
        ]
        read_only_fields = ["id", "file_hash", "created_at", "updated_at"]


class PartSerializer(serializers.Serializer):
    kind = serializers.CharField(help_text="role, tasks, playbook, variables, template …")
    name = serializers.CharField()


class SourceSerializer(serializers.Serializer):
    file_state = serializers.CharField()
    accepted_hash = serializers.CharField(help_text="SHA-256 of the accepted file.")
    current_hash = serializers.CharField(
        allow_null=True, help_text="SHA-256 of the current file; null if it is missing."
    )
    content = serializers.CharField()
    parts = PartSerializer(many=True, help_text="Other files that the playbook uses.")
    vault_ids = serializers.ListField(child=serializers.CharField())


class RunRecordSerializer(serializers.Serializer):
    run_id = serializers.IntegerField(source="pk")
    created_at = serializers.DateTimeField()
    outcome = serializers.ChoiceField(Job.Status.choices)
    servers = serializers.IntegerField(
        allow_null=True,
        help_text="Number of servers; null if the run is more than 20,000 jobs old.",
    )
    failed = serializers.IntegerField(
        allow_null=True, help_text="Number of servers on which it failed."
    )
    duration_seconds = serializers.FloatField(source="seconds", allow_null=True)


class SummarySerializer(serializers.Serializer):
    success_rate = serializers.IntegerField(
        allow_null=True, help_text="Success rate in percent, of runs that succeeded or failed."
    )
    median_seconds = serializers.FloatField(
        allow_null=True, help_text="Median duration of successful runs, in seconds."
    )


class WeekSerializer(SummarySerializer):
    start = serializers.DateField(help_text="Monday of the week.")
    runs = serializers.IntegerField(source="count")


class LatestSerializer(SummarySerializer):
    runs = RunRecordSerializer(many=True)


class ServerResultSerializer(serializers.Serializer):
    server_id = serializers.IntegerField()
    server = serializers.CharField(source="server.hostname")
    environment = serializers.CharField(source="server.environment")
    job_id = serializers.CharField()
    status = serializers.ChoiceField(Job.Status.choices)
    created_at = serializers.DateTimeField()


class StatisticsSerializer(serializers.Serializer):
    latest = LatestSerializer(help_text="The last 50 runs.")
    weeks = WeekSerializer(many=True)
    servers = ServerResultSerializer(many=True, help_text="Servers with their newest job.")
    more_servers = serializers.IntegerField(help_text="Number of further servers.")


class PlaybookViewSet(EditableViewSet):
    """The playbooks that may run."""

    queryset = Playbook.objects.order_by("name")
    serializer_class = PlaybookSerializer
    filterset_class = PlaybookFilters
    permissions = {
        "accept": "automation.accept_playbook",
        "statistics": "automation.view_job",
        "source": "automation.view_playbook",
    }
    takes = {"accept": NoFields}

    @action(detail=True, methods=["post"])
    def accept(self, request: Request, **kwargs: Any) -> Response:
        """Accept the playbook's file as it is now."""
        self.given()
        playbook = self.get_object()
        if not playbook.accept_file(request.user):
            raise Refused(f"The file of “{playbook}” has not changed: there is nothing to accept.")
        return self.shown(playbook)

    @extend_schema(responses=StatisticsSerializer)
    @action(detail=True, pagination_class=None, filterset_class=None)
    def statistics(self, request: Request, **kwargs: Any) -> Response:
        """Show the results of a playbook's runs.

        The last 50 runs, newest first, the last 12 weeks with runs, and the newest job on each
        server. Considers the newest 500 runs and 20,000 jobs, however long the history is.
        """
        return Response(StatisticsSerializer(playbook_history(self.get_object())).data)

    @extend_schema(responses=SourceSerializer)
    @action(detail=True, pagination_class=None, filterset_class=None)
    def source(self, request: Request, **kwargs: Any) -> Response:
        """Show the file as it is now, and name the files it uses, which its hash does not cover."""
        playbook = self.get_object()
        text = playbook.source
        shown = {
            "file_state": playbook.file_state,
            "accepted_hash": playbook.file_hash,
            "current_hash": playbook.current_hash(),
            "content": text,
            "parts": list_playbook_parts(text.encode()),
            "vault_ids": list(playbook.vault_passwords.values_list("vault_id", flat=True)),
        }
        return Response(SourceSerializer(shown).data)
