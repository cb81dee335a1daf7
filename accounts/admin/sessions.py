"""Sessions in the console: who is logged in, and a way to log them out."""

from typing import Any

from django.contrib import admin
from django.db.models import BooleanField, Case, QuerySet, Value, When
from django.http import HttpRequest

from accounts.models import Session
from accounts.signed_in import signed_in
from console.lists import Day, HistoryAdmin, Narrow, ask_first, call_each


@admin.register(Session)
class SessionAdmin(HistoryAdmin):
    when_empty = "A session starts when somebody logs in."
    list_display = ["client_and_address", "user", "created_at", "last_seen_at"]
    list_select_related = ["user"]
    cell_filters = {
        "user": Narrow("user__id__exact", "user_id"),
        "created_at": Day("created_at"),
    }
    search_fields = ["user__username", "ip_address"]
    search_help_text = "User or address"
    ordering = ["-last_seen_at"]
    actions = ["end"]
    fields = ["user", "ip_address", "client", "created_at", "last_seen_at", "expire_date"]
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Session]:
        """A user's own sessions; everybody's for those who may see them.

        `is_current` marks the one in which somebody looks at them.
        """
        own = When(session_key=request.session.session_key, then=Value(True))
        is_current = Case(own, default=Value(False), output_field=BooleanField())
        sessions = super().get_queryset(request).open().annotate(is_current=is_current)
        may_see_all = request.user.has_perm("accounts.view_session")
        return sessions if may_see_all else sessions.filter(user=request.user.pk)

    def has_view_permission(self, request: HttpRequest, obj: Session | None = None) -> bool:
        """`obj` has passed get_queryset."""
        return request.user.has_perm("accounts.view_own_session")

    def has_end_permission(self, request: HttpRequest) -> bool:
        """Anyone may end their own sessions; the verb refuses others."""
        return request.user.has_perm("accounts.view_own_session")

    @admin.display(description="session", ordering="ip_address")
    def client_and_address(self, session: Session) -> str:
        """Says which is one's own: whoever ends all of a user's would log out, too."""
        return (
            f"{session} (this session)" if getattr(session, "is_current", False) else str(session)
        )

    @admin.display(description="client")
    def client(self, session: Session) -> str:
        return session.client or "unknown"

    @admin.action(description="End", permissions=["end"])
    @ask_first("End these sessions? Whoever uses them has to log in again.", button="End")
    def end(self, request: HttpRequest, sessions: QuerySet[Session]) -> Any:
        call_each(
            request,
            sessions.select_related("user"),
            lambda session: session.end(signed_in(request)),
            done="Ended",
            unchanged="Already ended",
        )
