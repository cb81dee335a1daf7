"""A job's lines and task results: how they are asked for, and shown."""

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from automation.models import HostResult, Job, JobLog, Run, TaskResult
from automation.reports import log_search
from console.api.pagination import whole_number

LINES = 500
MOST_LINES = 5000
SLOWEST_FIRST = "-duration"
LIMIT = OpenApiParameter("limit", int, description=f"1 to {MOST_LINES}, default {LINES}.")


class LineSerializer(serializers.ModelSerializer):
    class Meta:
        model = JobLog
        fields = ["line_number", "content", "log_level", "timestamp"]
        read_only_fields = fields


class LinesSerializer(serializers.Serializer):
    lines = LineSerializer(many=True)
    last = serializers.IntegerField(help_text="Pass this as `after` in the next request.")
    status = serializers.ChoiceField(Job.Status.choices)
    finished = serializers.BooleanField(
        help_text="True if the job has ended and there are no further lines."
    )


class TaskResultSerializer(serializers.ModelSerializer):
    result_is_cut = serializers.BooleanField(
        help_text="True if the full result on the task's page is not complete."
    )

    class Meta:
        model = TaskResult
        fields = [
            "number",
            "play",
            "task",
            "action",
            "status",
            "changed",
            "started_at",
            "duration",
            "path",
            "message",
            "diff",
            "result_is_cut",
        ]
        read_only_fields = fields


class TaskResultsSerializer(serializers.Serializer):
    tasks = TaskResultSerializer(many=True)
    last = serializers.IntegerField(help_text="Pass this as `after` in the next request.")
    status = serializers.ChoiceField(Job.Status.choices)
    finished = serializers.BooleanField(
        help_text="True if the job has ended and there are no further tasks."
    )


class HostResultSerializer(serializers.ModelSerializer):
    class Meta:
        model = HostResult
        fields = ["host", *TaskResultSerializer.Meta.fields]
        read_only_fields = fields


class HostResultsSerializer(serializers.Serializer):
    tasks = HostResultSerializer(many=True)
    last = serializers.IntegerField(help_text="Pass this as `after` in the next request.")
    finished = serializers.BooleanField(
        help_text="True if the run has finished and there are no further tasks."
    )


class OtherHostSerializer(serializers.Serializer):
    """How a run ended on a host that has no job."""

    host = serializers.CharField(help_text="Its name in Ansible.")
    kind = serializers.ChoiceField(
        ["controller", "added"], help_text="The worker itself, or a host that a task added."
    )
    status = serializers.ChoiceField(Run.End.choices)
    failure_kind = serializers.CharField(help_text="As of a job; empty unless it failed.")
    message = serializers.CharField()
    task = serializers.CharField(help_text="The task that failed there.")
    place = serializers.CharField(help_text="Its file and line.")
    counts = serializers.DictField(child=serializers.IntegerField(), help_text="Ansible's recap.")


def asked_range(request: Request) -> tuple[int, int]:
    """(after, limit) from the request."""
    asked = request.query_params
    after = whole_number("after", asked.get("after", "0"), 0, 2**31 - 1)
    return after, whole_number("limit", asked.get("limit", str(LINES)), 1, MOST_LINES)


def asked_search(request: Request) -> tuple[str, str]:
    """(search, level) from the request."""
    text, level = request.query_params.get("search", ""), request.query_params.get("level")
    if len(text) > log_search.LONGEST_TEXT:
        most = f"At most {log_search.LONGEST_TEXT} characters."
        raise ValidationError({"search": [most]})
    if level is not None and level not in log_search.LEVELS:
        raise ValidationError({"level": [f"One of: {', '.join(log_search.LEVELS)}."]})
    return text, level or ""


def wants_slowest(request: Request) -> bool:
    """Whether the request asks for the slowest tasks first."""
    ordering = request.query_params.get("ordering")
    if ordering not in (None, SLOWEST_FIRST):
        raise ValidationError(
            {"ordering": [f"Use {SLOWEST_FIRST}, or omit this to order by number."]}
        )
    if ordering and "after" in request.query_params:
        raise ValidationError({"after": ["Not allowed with this ordering. Use `limit`."]})
    return bool(ordering)
