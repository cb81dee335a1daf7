"""/api/sessions: who is logged in, and a way to log them out."""

from typing import Any, cast

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.filters import SessionFilters
from accounts.models import Session
from accounts.models.sessions import SessionQuerySet
from accounts.signed_in import signed_in
from console.api.serializers import NoFields
from console.api.viewsets import RecordViewSet
from schema.exceptions import Refused


class SessionSerializer(serializers.ModelSerializer):
    user = serializers.CharField(source="user.username")
    client = serializers.CharField(help_text="The browser in words, from its User-Agent.")
    is_current = serializers.SerializerMethodField(help_text="Whether this request belongs to it.")
    expires_at = serializers.DateTimeField(source="expire_date")

    class Meta:
        model = Session
        fields = [
            "id",
            "user",
            "ip_address",
            "client",
            "user_agent",
            "is_current",
            "created_at",
            "last_seen_at",
            "expires_at",
        ]
        read_only_fields = fields

    def get_is_current(self, session: Session) -> bool:
        return session.session_key == self.context["request"].session.session_key


class EndedSessionsSerializer(serializers.Serializer):
    ended = serializers.IntegerField(help_text="How many sessions were ended.")


class SessionViewSet(RecordViewSet, mixins.ListModelMixin, mixins.RetrieveModelMixin):
    """Open sessions: your own; those of all users for admins and auditors. Admins can end any."""

    queryset = Session.objects.select_related("user")
    serializer_class = SessionSerializer
    filterset_class = SessionFilters
    permissions = dict.fromkeys(
        ("list", "retrieve", "end", "end_others"), "accounts.view_own_session"
    )
    takes = {"end": NoFields, "end_others": NoFields}

    def get_queryset(self) -> QuerySet[Session]:
        sessions = cast(SessionQuerySet, super().get_queryset()).open()
        user = signed_in(self.request)
        return sessions if user.has_perm("accounts.view_session") else sessions.filter(user=user)

    @extend_schema(responses={204: None})
    @action(detail=True, methods=["post"])
    def end(self, request: Request, **kwargs: Any) -> Response:
        """End a session: whoever uses it has to log in again."""
        self.given()
        session = self.get_object()
        if not session.end(signed_in(request)):
            raise Refused("This session has already ended.")
        return Response(status=204)

    @extend_schema(responses=EndedSessionsSerializer)
    @action(
        detail=False,
        methods=["post"],
        url_path="end-others",
        filterset_class=None,
        pagination_class=None,
    )
    def end_others(self, request: Request) -> Response:
        """End all your sessions except the one that this request belongs to, if any."""
        self.given()
        user = signed_in(request)
        ended = Session.objects.end_of(user, user, but=request.session.session_key)
        return Response({"ended": ended})
