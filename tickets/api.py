"""/api/tickets."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.db import transaction
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.signed_in import signed_in
from automation.api.jobs import IDEMPOTENCY_KEY, RELAUNCH_ANSWERS, answer_relaunch
from automation.api.launch_request import OptionsSerializer
from console.api.pagination import NewestFirst, whole_number
from console.api.serializers import NoFields, StrictModelSerializer, StrictSerializer
from console.api.viewsets import RecordViewSet
from schema.exceptions import Refused

from .filters import TicketFilters
from .models import Ticket, TicketComment
from .relaunching import newest_run_still_failing, servers_still_failing

OCCURRENCES = 100
COMMENTS = 200
# What users who work tickets may do.
WORK = (
    *("start", "resolve", "close", "reopen", "assign"),
    *("say", "edit_comment", "remove_comment"),
)


class TicketSerializer(StrictModelSerializer):
    """Status and assignee change through endpoints of their own."""

    job_id = serializers.UUIDField(
        source="job.job_id", allow_null=True, read_only=True, help_text="First failed job."
    )
    created_by = serializers.CharField(source="created_by.username", read_only=True)
    assigned_to = serializers.CharField(
        source="assigned_to.username", read_only=True, allow_null=True
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
        """Save title and description; a new priority goes through its verb."""
        priority, self.row.priority = self.row.priority, instance.priority
        ticket = super().update(instance, validated_data)
        ticket.prioritise(self.context["request"].user, priority)
        return ticket


class OccurrenceSerializer(serializers.Serializer):
    job_id = serializers.UUIDField(source="job.job_id")
    server = serializers.CharField(source="job.server.hostname")
    created_at = serializers.DateTimeField()
    cleared_at = serializers.DateTimeField(
        allow_null=True, help_text="When the playbook next succeeded on this server."
    )


class TicketDetailSerializer(TicketSerializer):
    occurrences = serializers.SerializerMethodField(
        help_text=f"The latest {OCCURRENCES} failed jobs."
    )

    class Meta(TicketSerializer.Meta):
        fields = [*TicketSerializer.Meta.fields, "occurrences"]

    def get_occurrences(self, ticket: Ticket) -> list[dict[str, Any]]:
        newest = ticket.occurrences.select_related("job__server").order_by("-id")[:OCCURRENCES]
        return list(OccurrenceSerializer(newest, many=True).data)


class NoteSerializer(StrictSerializer):
    note = serializers.CharField(
        required=False, allow_blank=True, max_length=2000, help_text="Note for the audit trail."
    )


class AssignSerializer(StrictSerializer):
    assigned_to = serializers.SlugRelatedField(
        slug_field="username",
        queryset=User.objects.all(),
        allow_null=True,
        error_messages={"does_not_exist": "There is no user “{value}”."},
        help_text="User name; null to unassign.",
    )


class CommentSerializer(StrictSerializer):
    id = serializers.IntegerField(read_only=True)
    created_by = serializers.CharField(source="created_by.username", read_only=True)
    text = serializers.CharField(max_length=TicketComment.LONGEST, help_text="Text in Markdown.")
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)


class CommentsSerializer(serializers.Serializer):
    comments = CommentSerializer(many=True)
    last = serializers.IntegerField(help_text="Pass this as `after` in the next request.")


class TicketViewSet(
    RecordViewSet,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
):
    """Things that a person has to look after. A failed job opens one automatically."""

    queryset = Ticket.objects.select_related("job", "created_by", "assigned_to")
    serializer_class = TicketSerializer
    filterset_class = TicketFilters
    pagination_class = NewestFirst
    walked_by_time = "created_at", set[str]()
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]
    lookup_field = "ticket_id"
    lookup_value_regex = "[0-9a-fA-F-]{36}"
    permissions: ClassVar[dict[str, str | None]] = {
        "relaunch": "automation.launch_playbook",
        **dict.fromkeys(WORK, "tickets.work_ticket"),
    }
    parameters = {"comments": {"after"}}
    takes = {
        "start": NoFields,
        "resolve": NoteSerializer,
        "close": NoteSerializer,
        "reopen": NoteSerializer,
        "assign": AssignSerializer,
        "relaunch": OptionsSerializer,
        "say": CommentSerializer,
        "edit_comment": CommentSerializer,
    }

    def get_serializer_class(self) -> type[serializers.BaseSerializer]:
        return TicketSerializer if self.action in ("list", "create") else TicketDetailSerializer

    @action(detail=True, methods=["post"])
    def start(self, request: Request, **kwargs: Any) -> Response:
        """Start work on an open ticket. Assigns it to you if it is unassigned."""
        self.given()
        return self._worked(Ticket.start)

    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, **kwargs: Any) -> Response:
        """Resolve an open ticket or one in progress."""
        return self._worked(Ticket.resolve, **self.given())

    @action(detail=True, methods=["post"])
    def close(self, request: Request, **kwargs: Any) -> Response:
        """Close a ticket: nothing more will be done about it."""
        return self._worked(Ticket.close, **self.given())

    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, **kwargs: Any) -> Response:
        """Reopen a resolved or closed ticket."""
        return self._worked(Ticket.reopen, **self.given())

    @action(detail=True, methods=["post"])
    def assign(self, request: Request, **kwargs: Any) -> Response:
        """Assign a ticket to a user who works tickets, or unassign it."""
        return self._worked(Ticket.assign, assignee=self.given()["assigned_to"])

    @extend_schema(responses=RELAUNCH_ANSWERS, parameters=[IDEMPOTENCY_KEY])
    @action(detail=True, methods=["post"])
    def relaunch(self, request: Request, **kwargs: Any) -> Response:
        """Relaunch on the servers that still fail.

        Repeats the newest run that failed on one of them, on those without a success since. Takes
        the same body as the relaunch of a job, without `only`.
        """
        given, ticket = self.given(), self.get_object()
        run = newest_run_still_failing(ticket)
        if run is None:
            raise Refused("Nothing to relaunch: every server has succeeded since.")
        return answer_relaunch(request, run, given, servers_still_failing(ticket))

    @extend_schema(
        responses=CommentsSerializer,
        parameters=[OpenApiParameter("after", int, description="Return comments after this id.")],
    )
    @action(detail=True, pagination_class=None, filterset_class=None)
    def comments(self, request: Request, **kwargs: Any) -> Response:
        """List up to 200 comments after comment `after`, oldest first."""
        after = whole_number("after", request.query_params.get("after", "0"), 0, 2**31 - 1)
        found = self.get_object().comments.select_related("created_by").filter(pk__gt=after)
        comments = list(found.order_by("pk")[:COMMENTS])
        last = comments[-1].pk if comments else after
        return Response(CommentsSerializer({"comments": comments, "last": last}).data)

    @extend_schema(request=CommentSerializer, responses={201: CommentSerializer})
    @comments.mapping.post
    def say(self, request: Request, **kwargs: Any) -> Response:
        """Add a comment in Markdown."""
        comment = self.get_object().comment(signed_in(request), self.given()["text"])
        return Response(CommentSerializer(comment).data, status=201)

    @extend_schema(request=CommentSerializer, responses=CommentSerializer)
    @action(detail=True, methods=["patch"], url_path="comments/(?P<comment>[0-9]{1,9})")
    def edit_comment(self, request: Request, **kwargs: Any) -> Response:
        """Edit your own comment."""
        comment, text = self._comment(), self.given()["text"]
        comment.edit(signed_in(request), text)
        return Response(CommentSerializer(comment).data)

    @extend_schema(request=None, responses={204: None})
    @edit_comment.mapping.delete
    def remove_comment(self, request: Request, **kwargs: Any) -> Response:
        """Delete your own comment; admins can delete any."""
        self._comment().remove(signed_in(request))
        return Response(status=204)

    def _comment(self) -> TicketComment:
        wanted = self.kwargs["comment"]
        found = self.get_object().comments.select_related("ticket", "created_by")
        comment = found.filter(pk=wanted).first()
        if comment is None:
            raise NotFound(f"There is no comment {wanted} on this ticket.")
        return comment

    def _worked(self, verb: Callable[..., bool], **given: Any) -> Response:
        ticket = self.get_object()
        if not verb(ticket, self.request.user, **given):
            whose = ticket.assigned_to or "nobody"
            raise Refused(
                f"Nothing to do: the ticket is {ticket.get_status_display().lower()}, "
                f"assigned to {whose}."
            )
        return self.shown(ticket)
