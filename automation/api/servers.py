"""What automation adds to /api/servers: the connection check and the summary."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.signed_in import signed_in
from automation import launching
from automation.models import Job, Playbook
from automation.reports.server_history import summarize_server
from console.api.serializers import NoFields
from console.api.viewsets import RecordViewSet
from inventory.models import Server

from .jobs import JobSerializer
from .launch_request import origin_of


class BriefJobSerializer(serializers.ModelSerializer):
    playbook = serializers.CharField(source="playbook.name")

    class Meta:
        model = Job
        fields = [
            "job_id",
            "playbook",
            "status",
            "failure_kind",
            "error_message",
            "created_at",
            "completed_at",
        ]
        read_only_fields = fields


class ServerSummarySerializer(serializers.Serializer):
    server_id = serializers.IntegerField()
    last_job = BriefJobSerializer(allow_null=True)
    last_check = BriefJobSerializer(allow_null=True, help_text="The last connection check.")
    recent_jobs = serializers.IntegerField(
        help_text="Number of recent jobs considered, at most 50."
    )
    recent_succeeded = serializers.IntegerField()
    recent_failed = serializers.IntegerField()
    success_percent = serializers.IntegerField(
        allow_null=True, help_text="Success rate in percent, of jobs that succeeded or failed."
    )
    held_by_run = serializers.IntegerField(
        allow_null=True, help_text="Run that currently holds the server."
    )


class ServerCheckViewSet(RecordViewSet):
    """What automation adds to /api/servers."""

    queryset = Server.objects.all()
    serializer_class = JobSerializer
    permissions = {"check": "inventory.check_server", "summary": "automation.view_job"}
    takes = {"check": NoFields}

    @extend_schema(responses={201: JobSerializer})
    @action(detail=True, methods=["post"])
    def check(self, request: Request, **kwargs: Any) -> Response:
        """Launch the connection check, which tests whether Ansible can reach this server."""
        self.given()
        check = Playbook.objects.connection_check()
        launch = launching.Launch(
            playbook=check, servers=[self.get_object()], origin=origin_of(request)
        )
        run = launching.launch(signed_in(request), launch).run
        return self.shown(Job.objects.recent().with_repeated().get(run=run), status=201)

    @extend_schema(responses=ServerSummarySerializer)
    @action(detail=True)
    def summary(self, request: Request, **kwargs: Any) -> Response:
        """Show a server's last job, its last connection check, and how its last 50 jobs ended."""
        return Response(ServerSummarySerializer(summarize_server(self.get_object())).data)
