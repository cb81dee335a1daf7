"""/api/jobs."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import (
    OpenApiParameter,
    PolymorphicProxySerializer,
    extend_schema,
    extend_schema_field,
)
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from automation.filters import JobFilters
from automation.launching import Launched
from automation.models import Job, Run, TaskResult
from automation.reports import log_search
from console.api.pagination import NewestFirst
from console.api.serializers import NoFields
from console.api.viewsets import RecordViewSet
from inventory.models import Server
from schema.exceptions import Refused

from .job_output import (
    LIMIT,
    SLOWEST_FIRST,
    LinesSerializer,
    TaskResultsSerializer,
    asked_range,
    asked_search,
    wants_slowest,
)
from .launch_request import (
    IntentionSerializer,
    LaunchSerializer,
    PlanChangedSerializer,
    RelaunchSerializer,
    answer_rehearsal,
    launch_asked_for,
    launch_once,
    relaunch_asked_for,
)
from .several_inventories import SpansInventoriesSerializer

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    location=OpenApiParameter.HEADER,
    description="Up to 64 characters. Repeating a launch with the same key returns 200 and the "
    "run that the first request launched.",
)


class JobSerializer(serializers.ModelSerializer):
    playbook = serializers.CharField(source="playbook.name")
    server = serializers.CharField(source="server.hostname")
    environment = serializers.CharField(source="server.environment")
    user = serializers.CharField(source="user.username")
    extra_vars = serializers.DictField(
        source="masked_extra_vars", help_text="Secrets are shown as ********."
    )
    options = serializers.DictField(
        source="run.options", help_text="Options that differ from their defaults."
    )
    credential_id = serializers.IntegerField(
        source="run.credential_id", allow_null=True, help_text="Credential chosen at launch."
    )
    command = serializers.CharField(
        source="run.command", help_text="Exact command line. Empty until the run has started."
    )
    relaunch_of = serializers.IntegerField(
        source="run.relaunch_of_id", allow_null=True, help_text="Run that this one relaunches."
    )
    relaunch_of_job = serializers.SerializerMethodField(
        help_text="Job of that run on the same server, if any."
    )
    relaunches = serializers.SerializerMethodField(help_text="Runs that relaunch this one.")
    run_outcome = serializers.CharField(
        source="run.outcome",
        help_text="The run's outcome. It may have failed on hosts without a job: see the run's "
        "`other_hosts`.",
    )
    held_until = serializers.DateTimeField(
        source="run.held_until",
        allow_null=True,
        help_text="The run does not start before this time.",
    )
    held_reason = serializers.CharField(source="run.held_reason")
    cancel_requested_at = serializers.DateTimeField(
        source="run.cancel_requested_at", allow_null=True
    )
    nothing_to_do = serializers.BooleanField(
        source="had_nothing_to_do",
        help_text="True if the job succeeded without running a task on this server.",
    )
    duration_seconds = serializers.SerializerMethodField()

    class Meta:
        model = Job
        fields = [
            "job_id",
            "run_id",
            "run_outcome",
            "status",
            "playbook_id",
            "playbook",
            "server_id",
            "server",
            "environment",
            "user_id",
            "user",
            "extra_vars",
            "options",
            "credential_id",
            "command",
            "relaunch_of",
            "relaunch_of_job",
            "relaunches",
            "failure_kind",
            "failed_task",
            "failed_place",
            "error_message",
            "counts",
            "nothing_to_do",
            "created_at",
            "started_at",
            "completed_at",
            "duration_seconds",
            "held_until",
            "held_reason",
            "cancel_requested_at",
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.UUIDField(allow_null=True))
    def get_relaunch_of_job(self, job: Any) -> str | None:
        return job.repeated_job_id

    @extend_schema_field(serializers.ListField(child=serializers.IntegerField()))
    def get_relaunches(self, job: Job) -> list[int]:
        return sorted(run.pk for run in job.run.relaunches.all())

    @extend_schema_field(serializers.FloatField(allow_null=True))
    def get_duration_seconds(self, job: Job) -> float | None:
        return job.duration.total_seconds() if job.duration is not None else None


class LaunchedSerializer(serializers.Serializer):
    """The response to a launch on several servers."""

    run_id = serializers.IntegerField()
    jobs = JobSerializer(many=True)


def one_of(name: str, *answers: type[serializers.Serializer]) -> PolymorphicProxySerializer:
    """A response whose shape depends on the request."""
    return PolymorphicProxySerializer(name, list(answers), resource_type_field_name=None)


# Responses by status.
RELAUNCH_ANSWERS = {
    201: LaunchedSerializer,
    200: one_of("RelaunchKnownOrDry", LaunchedSerializer, IntentionSerializer),
    409: PlanChangedSerializer,
}


class JobViewSet(RecordViewSet, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """A run's part on one server, newest first."""

    queryset = (
        Job.objects.recent()
        .with_repeated()
        .prefetch_related(Prefetch("run__relaunches", Run.objects.order_by().only("relaunch_of")))
    )
    serializer_class = JobSerializer
    filterset_class = JobFilters
    pagination_class = NewestFirst
    walked_by_time = "created_at", {"created_after", "created_before"}
    lookup_field = "job_id"
    lookup_value_regex = "[0-9a-fA-F-]{36}"
    permissions = {
        "create": "automation.launch_playbook",
        "cancel": "automation.cancel_job",
        "relaunch": "automation.launch_playbook",
        "logs": "automation.view_joblog",
        "tasks": "automation.view_taskresult",
    }
    takes = {"create": LaunchSerializer, "cancel": NoFields, "relaunch": RelaunchSerializer}
    parameters = {
        "logs": {"after", "limit", "search", "level"},
        "tasks": {"after", "limit", "ordering"},
    }

    def get_queryset(self) -> QuerySet[Job]:
        # Logs and tasks are polled every second, and show no related rows.
        is_bare = self.action in ("logs", "tasks")
        return Job.objects.all() if is_bare else super().get_queryset()

    @extend_schema(
        responses={
            201: one_of("Launch", JobSerializer, LaunchedSerializer),
            200: one_of("KnownOrDry", JobSerializer, LaunchedSerializer, IntentionSerializer),
            400: SpansInventoriesSerializer,
            409: PlanChangedSerializer,
        },
        parameters=[IDEMPOTENCY_KEY],
    )
    def create(self, request: Request) -> Response:
        """Launch a playbook.

        Name one server in `server_id`; or select several by `server_ids`, or by `inventory`,
        `groups`, `limit`, `environment`, `tag` and `search`: the response then has the `run_id`
        and its `jobs`. A run is on one inventory: servers of several are refused with 400, with a
        launch for each in `choices`. With `dry_run`,
        everything is checked but nothing is launched: the response (200) describes the run in
        `words`, `servers`, `command` and so on, and has its `digest`. A launch with that digest as
        `expect` is refused with 409 if anything else would run by then.
        """
        given = self.given()
        launch = launch_asked_for(request, given)
        if given.get("dry_run"):
            return answer_rehearsal(request, launch)
        launched = launch_once(request, launch)
        if "server_id" in request.data:
            job = self.get_queryset().get(run=launched.run)
            return self.shown(job, status=201 if launched.is_new else 200)
        return answer_launched(launched)

    @extend_schema(responses=RELAUNCH_ANSWERS, parameters=[IDEMPOTENCY_KEY])
    @action(detail=True, methods=["post"])
    def relaunch(self, request: Request, **kwargs: Any) -> Response:
        """Relaunch a job's whole run.

        With `only`, just on the servers that failed, were unreachable or were not reached.
        Everything else, including secrets, stays the same unless given here; null removes a
        variable. `dry_run` and `expect` work as they do for a launch.
        """
        given = self.given()
        return answer_relaunch(request, self.get_object().run, given)

    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, **kwargs: Any) -> Response:
        """Cancel a job's whole run: a pending one ends, a running one is asked to stop."""
        self.given()
        job = self.get_object()
        if not job.cancel(request.user):
            job.refresh_from_db()
            asked = "is already being cancelled"
            raise Refused(
                f"{job} {asked if job.is_active else f'has already finished: {job.status}'}."
            )
        return self.shown(self.get_object())

    @extend_schema(
        responses=LinesSerializer,
        parameters=[
            OpenApiParameter("after", int, description="Return lines after this number."),
            LIMIT,
            OpenApiParameter(
                "search",
                description="Only lines that contain this text, ignoring case and colour codes.",
            ),
            OpenApiParameter("level", enum=list(log_search.LEVELS), description="Minimum level."),
        ],
    )
    @action(detail=True, pagination_class=None, filterset_class=None)
    def logs(self, request: Request, **kwargs: Any) -> Response:
        """Read the log: the lines after line `after`.

        To follow a job, repeat with `last` as `after` until `finished`.
        """
        after, limit = asked_range(request)
        text, level = asked_search(request)
        # Read the job first: if it has ended, all of its lines are there.
        job = self.get_object()
        if text or level:
            numbers = log_search.hits(job, text, level=level, after=after, limit=limit)
            lines = list(job.logs.filter(line_number__in=numbers).order_by("line_number"))
        else:
            lines = list(job.lines(after, limit))
        shown = LinesSerializer(
            {
                "lines": lines,
                "last": lines[-1].line_number if lines else after,
                "status": job.status,
                "finished": not job.is_active and len(lines) < limit,
            }
        )
        return Response(shown.data)

    @extend_schema(
        responses=TaskResultsSerializer,
        parameters=[
            OpenApiParameter("after", int, description="Return tasks after this number."),
            LIMIT,
            OpenApiParameter(
                "ordering",
                enum=[SLOWEST_FIRST],
                description="Slowest first. Cannot be combined with `after`.",
            ),
        ],
    )
    @action(detail=True, pagination_class=None, filterset_class=None)
    def tasks(self, request: Request, **kwargs: Any) -> Response:
        """List the results of tasks after number `after`, in the order in which they finished."""
        after, limit = asked_range(request)
        is_slowest = wants_slowest(request)
        job = self.get_object()
        if is_slowest:
            tasks = job.task_results.slowest_first(limit)
        else:
            tasks = list(TaskResult.objects.of_job(job, after)[:limit])
        shown = TaskResultsSerializer(
            {
                "tasks": tasks,
                "last": tasks[-1].number if tasks else after,
                "status": job.status,
                "finished": not job.is_active and len(tasks) < limit,
            }
        )
        return Response(shown.data)


def answer_relaunch(
    request: Request, run: Run, given: dict[str, Any], servers: Sequence[Server] = ()
) -> Response:
    """Relaunch the run, on these servers if given, or rehearse that.

    `given` is data that RelaunchSerializer has validated.
    """
    launch = relaunch_asked_for(request, run, given, servers)
    if given.get("dry_run"):
        return answer_rehearsal(request, launch)
    return answer_launched(launch_once(request, launch))


def answer_launched(launched: Launched) -> Response:
    """The run and its jobs: 201, or 200 if the idempotency key was known."""
    run, is_new = launched
    jobs = JobViewSet.queryset.filter(run=run).order_by("id")
    shown = LaunchedSerializer({"run_id": run.pk, "jobs": jobs})
    return Response(shown.data, status=201 if is_new else 200)
