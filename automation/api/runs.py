"""/api/runs: each ansible-playbook process, and its results by server and task."""

from typing import Any

from django.db.models import Prefetch
from django.http import StreamingHttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.signed_in import signed_in
from automation.filters import RunFilters
from automation.models import Job, Run, RunArtifact, TaskResult
from automation.reports.artifact_download import as_download
from automation.reports.matrix_page import RESULTS, Asked, table_of
from automation.reports.run_log import RunOutput
from automation.reports.run_servers import RunServers
from console.api.pagination import NewestFirst, refuse_page_past, whole_number
from console.api.serializers import NoFields
from console.api.viewsets import RecordViewSet
from schema.exceptions import Refused
from schema.limits import LONGEST_SEARCH

from .job_output import (
    LIMIT,
    HostResultsSerializer,
    OtherHostSerializer,
    asked_range,
)
from .jobs import IDEMPOTENCY_KEY, RELAUNCH_ANSWERS, answer_relaunch
from .launch_request import IdlePlaySerializer, RelaunchSerializer

MOST_PAGES = 99_999


class RunSerializer(serializers.ModelSerializer):
    playbook = serializers.CharField(source="playbook.name")
    user_id = serializers.IntegerField(source="launched_by_id")
    user = serializers.CharField(source="launched_by.username")
    extra_vars = serializers.DictField(
        source="masked_extra_vars", help_text="Secrets are shown as ********."
    )
    options = serializers.DictField(help_text="Options that differ from their defaults.")
    chosen_by = serializers.DictField(
        help_text="The fields that chose its servers, such as `limit`; empty if they were named."
    )
    ansible_config = serializers.DictField(
        help_text="The ansible.cfg of the working directory at the launch: `path`, `hash` and, if "
        "it has any, `forks`."
    )
    idle_plays = IdlePlaySerializer(
        many=True, help_text="Plays that matched none of the run's servers, and why."
    )
    other_hosts = OtherHostSerializer(
        many=True,
        help_text="How it ended on the controller and on hosts that tasks added, failures first. "
        "If one failed, the run has.",
    )
    unmasked = serializers.ListField(
        child=serializers.CharField(),
        help_text="Names of secrets whose values are too short or too common to be masked.",
    )
    relaunch_of = serializers.IntegerField(source="relaunch_of_id", allow_null=True)
    relaunches = serializers.SerializerMethodField(help_text="Runs that relaunch this one.")
    duration_seconds = serializers.SerializerMethodField()

    class Meta:
        model = Run
        fields = [
            "id",
            "state",
            "outcome",
            "playbook_id",
            "playbook",
            "playbook_hash",
            "user_id",
            "user",
            "extra_vars",
            "options",
            "credential_id",
            "chosen_by",
            "command",
            "working_directory",
            "ansible_config",
            "whole_inventory",
            "runs_localhost",
            "idle_plays",
            "artifact_count",
            "artifacts_note",
            "other_hosts",
            "unmasked",
            "relaunch_of",
            "relaunches",
            "worker_host",
            "ansible_version",
            "python_version",
            "exit_code",
            "created_at",
            "started_at",
            "finished_at",
            "duration_seconds",
            "held_until",
            "held_reason",
            "cancel_requested_at",
            "cancel_reason",
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.IntegerField()))
    def get_relaunches(self, run: Run) -> list[int]:
        return sorted(again.pk for again in run.relaunches.all())

    @extend_schema_field(serializers.FloatField(allow_null=True))
    def get_duration_seconds(self, run: Run) -> float | None:
        return run.duration.total_seconds() if run.duration is not None else None


class OneRunSerializer(RunSerializer):
    jobs = serializers.DictField(
        source="servers.counts",
        child=serializers.IntegerField(),
        help_text="Number of jobs by status.",
    )
    environments = serializers.SerializerMethodField(help_text="Number of servers by environment.")
    production_count = serializers.SerializerMethodField(
        help_text="Number of servers in production (PRODUCTION_ENVIRONMENTS)."
    )

    class Meta(RunSerializer.Meta):
        fields = [*RunSerializer.Meta.fields, "jobs", "environments", "production_count"]
        read_only_fields = fields

    def to_representation(self, run: Any) -> Any:
        run.servers = RunServers(run)  # three fields, one query
        return super().to_representation(run)

    @extend_schema_field(serializers.DictField(child=serializers.IntegerField()))
    def get_environments(self, run: Any) -> dict[str, int]:
        return {each.name: each.count for each in run.servers.environments}

    def get_production_count(self, run: Any) -> int:
        return sum(each.count for each in run.servers.environments if each.is_production)


class ColumnSerializer(serializers.Serializer):
    number = serializers.IntegerField()
    play = serializers.CharField(source="place.play")
    task = serializers.CharField(source="place.task")
    path = serializers.CharField(source="place.path")
    occurrence = serializers.IntegerField(
        source="place.nth", help_text="Occurrence of the task on a server, starting at 1."
    )
    failed_on = serializers.IntegerField(source="bad")


class CellSerializer(serializers.Serializer):
    number = serializers.IntegerField(help_text="Number of the result among its job's tasks.")
    status = serializers.ChoiceField(TaskResult.Status.choices)


class RowSerializer(serializers.Serializer):
    job_id = serializers.CharField(source="job.job_id")
    server_id = serializers.IntegerField(source="job.server_id")
    server = serializers.CharField(source="job.server.hostname")
    status = serializers.ChoiceField(Job.Status.choices, source="job.status")
    counts = serializers.DictField(child=serializers.IntegerField())
    cells = serializers.ListField(
        child=CellSerializer(allow_null=True),
        help_text="One entry per task; null if the server did not reach it.",
    )


class MatrixSerializer(serializers.Serializer):
    server_count = serializers.IntegerField(source="hosts.total")
    task_count = serializers.IntegerField(source="tasks.total")
    tasks = ColumnSerializer(many=True, source="columns")
    servers = RowSerializer(many=True, source="rows")
    state = serializers.ChoiceField(Run.State.choices)


class PrintedLineSerializer(serializers.Serializer):
    line_number = serializers.IntegerField()
    content = serializers.CharField()
    timestamp = serializers.DateTimeField()


class OutputSerializer(serializers.Serializer):
    lines = PrintedLineSerializer(many=True)
    last = serializers.IntegerField(help_text="Pass this as `after` in the next request.")
    finished = serializers.BooleanField(
        help_text="True if the run has finished and there are no further lines."
    )


def asked_table(request: Request) -> Asked:
    """The part of the table that the request asks for. Wrong values are 400, not ignored."""
    asked = request.query_params
    for name in ("hosts", "tasks"):
        whole_number(name, asked.get(name, "1"), 1, MOST_PAGES)
    for name, known in (("status", Job.Status.values), ("only", RESULTS)):
        if asked.get(name, known[0]) not in known:
            raise ValidationError({name: [f"One of: {', '.join(known)}."]})
    if len(asked.get("task", "")) > LONGEST_SEARCH:
        raise ValidationError({"task": [f"At most {LONGEST_SEARCH} characters."]})
    return Asked.of(asked)


class ArtifactSerializer(serializers.ModelSerializer):
    url = serializers.SerializerMethodField(help_text="Downloads it.")

    class Meta:
        model = RunArtifact
        fields = ["number", "path", "size", "created_at", "url"]
        read_only_fields = fields

    def get_url(self, artifact: RunArtifact) -> str:
        return reverse("api:run-artifact", args=[artifact.run_id, artifact.number])


class RunViewSet(RecordViewSet, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Runs of playbooks, each with a job per server, newest first."""

    queryset = Run.objects.prefetch_related(
        "playbook",
        "launched_by",
        Prefetch("relaunches", Run.objects.order_by().only("relaunch_of")),
    ).order_by("-id")
    serializer_class = RunSerializer
    filterset_class = RunFilters
    pagination_class = NewestFirst
    walked_by_time: tuple[str, set[str]] = ("id", set())
    permissions = {
        "cancel": "automation.cancel_job",
        "relaunch": "automation.launch_playbook",
        "matrix": "automation.view_taskresult",
        "logs": "automation.view_runlog",
        "artifacts": "automation.view_runartifact",
        "artifact": "automation.download_runartifact",
        "host_results": "automation.view_hostresult",
    }
    takes = {"cancel": NoFields, "relaunch": RelaunchSerializer}
    parameters = {
        "matrix": {"status", "task", "only", "hosts", "tasks"},
        "logs": {"after", "limit"},
        "host_results": {"after", "limit", "host"},
    }

    def get_serializer_class(self) -> Any:
        return RunSerializer if self.action == "list" else OneRunSerializer

    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, **kwargs: Any) -> Response:
        """Cancel a run: a pending one ends, a running one is asked to stop."""
        self.given()
        run = self.get_object()
        if not run.cancel(signed_in(request)):
            run.refresh_from_db()
            asked = "is already being cancelled"
            raise Refused(f"{run} {'has already finished' if run.outcome else asked}.")
        return self.shown(self.get_object())

    @extend_schema(responses=RELAUNCH_ANSWERS, parameters=[IDEMPOTENCY_KEY])
    @action(detail=True, methods=["post"])
    def relaunch(self, request: Request, **kwargs: Any) -> Response:
        """Relaunch a run. Takes the same body as the relaunch of a job."""
        given = self.given()
        return answer_relaunch(request, self.get_object(), given)

    @extend_schema(
        responses=MatrixSerializer,
        parameters=[
            OpenApiParameter(
                "status",
                enum=Job.Status.values,
                description="Only servers whose job has this status.",
            ),
            OpenApiParameter("task", str, description="Only tasks whose name contains this."),
            OpenApiParameter("only", enum=RESULTS, description="Only tasks with this result."),
            OpenApiParameter("hosts", int, description="Page of servers, 50 per page."),
            OpenApiParameter("tasks", int, description="Page of tasks, 25 per page."),
        ],
    )
    @action(detail=True, pagination_class=None, filterset_class=None)
    def matrix(self, request: Request, **kwargs: Any) -> Response:
        """Show results by server and task. Failed servers come first, tasks in play order."""
        asked = asked_table(request)
        run = self.get_object()
        table = table_of(run, asked, RunServers(run).counts)
        for name in ("hosts", "tasks"):
            refuse_page_past(name, getattr(asked, name), getattr(table, name).number)
        shown = {
            "hosts": table.hosts,
            "tasks": table.tasks,
            "columns": table.columns,
            "rows": table.rows,
            "state": run.state,
        }
        return Response(MatrixSerializer(shown).data)

    @extend_schema(
        responses=OutputSerializer,
        parameters=[
            OpenApiParameter("after", int, description="Return lines after this number."),
            LIMIT,
        ],
    )
    @action(detail=True, pagination_class=None, filterset_class=None)
    def logs(self, request: Request, **kwargs: Any) -> Response:
        """Read the log of all servers, in the order in which Ansible printed it.

        Empty for a run on several servers from before combined logs were stored: see the logs of
        its jobs.
        """
        after, limit = asked_range(request)
        # Read the run first: then whatever was written before it ended is among the lines.
        run = self.get_object()
        lines = RunOutput(run).lines(after, limit)
        shown = {
            "lines": lines,
            "last": lines[-1].line_number if lines else after,
            "finished": run.state == Run.State.FINISHED and len(lines) < limit,
        }
        return Response(OutputSerializer(shown).data)

    @extend_schema(responses=ArtifactSerializer(many=True))
    @action(detail=True, pagination_class=None, filterset_class=None)
    def artifacts(self, request: Request, **kwargs: Any) -> Response:
        """List the files that the run's plays left in its folder. Their content is not masked."""
        return Response(ArtifactSerializer(self.get_object().artifacts.all(), many=True).data)

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @action(
        detail=True,
        url_path="artifacts/(?P<number>[0-9]{1,6})",
        pagination_class=None,
        filterset_class=None,
    )
    def artifact(self, request: Request, number: str, **kwargs: Any) -> StreamingHttpResponse:
        """Read an artifact's content, as it is. Each download is recorded."""
        run = self.get_object()
        artifact = run.artifacts.select_related("run__playbook").filter(number=number).first()
        if artifact is None:
            raise NotFound(f"{run} has no artifact {number}.")
        return as_download(artifact, signed_in(request))

    @extend_schema(
        responses=HostResultsSerializer,
        parameters=[
            OpenApiParameter("host", str, description="Only of this host."),
            OpenApiParameter("after", int, description="Return results after this number."),
            LIMIT,
        ],
    )
    @action(detail=True, url_path="host-results", pagination_class=None, filterset_class=None)
    def host_results(self, request: Request, **kwargs: Any) -> Response:
        """Read the results of tasks on the controller and on hosts that tasks added.

        Those of servers are with their jobs.
        """
        after, limit = asked_range(request)
        run = self.get_object()
        host = request.query_params.get("host")
        of_run = run.host_results.for_list().filter(number__gt=after)
        tasks = list((of_run.filter(host=host) if host else of_run)[:limit])
        shown = {
            "tasks": tasks,
            "last": tasks[-1].number if tasks else after,
            "finished": run.state == Run.State.FINISHED and len(tasks) < limit,
        }
        return Response(HostResultsSerializer(shown).data)
