"""/api/tickets."""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from audit.pages import NewestFirst
from audit.rest import NoFields, RecordViewSet, StrictModelSerializer, StrictSerializer
from schema.exceptions import Refused

from .filters import TicketFilters
from .models import Ticket

OCCURRENCES = 100


class TicketSerializer(StrictModelSerializer):
    """Status and assignee have verbs of their own."""

    job_id = serializers.UUIDField(
        source="job.job_id", default=None, read_only=True, help_text="The job that failed first."
    )
    created_by = serializers.CharField(source="created_by.username", read_only=True)
    assigned_to = serializers.CharField(
        source="assigned_to.username", default=None, read_only=True, allow_null=True
    )

    class Meta:
        model = Ticket
        fields = [
            "ticket_id",
            "title",
            "description",
            "status",
            "priority",
            "job_id",
            "created_by",
            "assigned_to",
            "created_at",
            "updated_at",
            "resolved_at",
        ]
        read_only_fields = ["ticket_id", "status", "created_at", "updated_at", "resolved_at"]

    def create(self, validated_data: dict[str, Any]) -> Ticket:
        self.row.created_by = self.context["request"].user
        return super().create(validated_data)

    @transaction.atomic
    def update(self, instance: Ticket, validated_data: dict[str, Any]) -> Ticket:
        """Title and description are edited, the priority is a verb's."""
        priority, self.row.priority = self.row.priority, instance.priority
        ticket = super().update(instance, validated_data)
        ticket.prioritise(self.context["request"].user, priority)
        return ticket


class OccurrenceSerializer(serializers.Serializer):
    job_id = serializers.UUIDField(source="job.job_id")
    server = serializers.CharField(source="job.server.hostname")
    created_at = serializers.DateTimeField()
    cleared_at = serializers.DateTimeField(
        allow_null=True, help_text="When the playbook succeeded on this server again."
    )


class TicketDetailSerializer(TicketSerializer):
    occurrences = serializers.SerializerMethodField(
        help_text=f"The newest {OCCURRENCES} jobs in which it happened."
    )

    class Meta(TicketSerializer.Meta):
        fields = [*TicketSerializer.Meta.fields, "occurrences"]

    def get_occurrences(self, ticket: Ticket) -> list[dict[str, Any]]:
        newest = ticket.occurrences.select_related("job__server").order_by("-id")[:OCCURRENCES]
        return list(OccurrenceSerializer(newest, many=True).data)


class NoteSerializer(StrictSerializer):
    note = serializers.CharField(
        required=False, allow_blank=True, max_length=2000, help_text="For the audit trail."
    )


class AssignSerializer(StrictSerializer):
    assigned_to = serializers.SlugRelatedField(
        slug_field="username",
        queryset=User.objects.all(),
        allow_null=True,
        error_messages={"does_not_exist": "There is no user “{value}”."},
        help_text="A user name; null takes it from everybody.",
    )


class TicketViewSet(
    RecordViewSet,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
):
    """What needs a person. A failed job opens one by itself."""

    queryset = Ticket.objects.select_related("job", "created_by", "assigned_to")
    serializer_class = TicketSerializer
    filterset_class = TicketFilters
    pagination_class = NewestFirst
    walked_by_time = "created_at", set[str]()
    http_method_names = ["get", "post", "patch", "head", "options"]
    lookup_field = "ticket_id"
    lookup_value_regex = "[0-9a-fA-F-]{36}"
    permissions = dict.fromkeys(
        ("start", "resolve", "close", "reopen", "assign"), "tickets.work_ticket"
    )
    takes = {
        "start": NoFields,
        "resolve": NoteSerializer,
        "close": NoteSerializer,
        "reopen": NoteSerializer,
        "assign": AssignSerializer,
    }

    def get_serializer_class(self) -> type[serializers.BaseSerializer]:
        return TicketSerializer if self.action in ("list", "create") else TicketDetailSerializer

    @action(detail=True, methods=["post"])
    def start(self, request: Request, **kwargs: Any) -> Response:
        """Open → in progress; yours, unless it is somebody's."""
        self.given()
        return self._worked(Ticket.start)

    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, **kwargs: Any) -> Response:
        """Open or in progress → resolved."""
        return self._worked(Ticket.resolve, **self.given())

    @action(detail=True, methods=["post"])
    def close(self, request: Request, **kwargs: Any) -> Response:
        """Whatever but closed → closed: nothing more will be done."""
        return self._worked(Ticket.close, **self.given())

    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, **kwargs: Any) -> Response:
        """Resolved or closed → open."""
        return self._worked(Ticket.reopen, **self.given())

    @action(detail=True, methods=["post"])
    def assign(self, request: Request, **kwargs: Any) -> Response:
        """Give it to somebody who works tickets."""
        return self._worked(Ticket.assign, assignee=self.given()["assigned_to"])

    def _worked(self, verb: Callable[..., bool], **given: Any) -> Response:
        ticket = self.get_object()
        if not verb(ticket, self.request.user, **given):
            whose = ticket.assigned_to or "nobody"
            raise Refused(
                f"Nothing to do: the ticket is {ticket.get_status_display().lower()}, "
                f"assigned to {whose}."
            )
        return self.shown(ticket)
