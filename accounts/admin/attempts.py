"""Failed attempts in the console: who has to wait, and a way to end the wait."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesCheckboxFilter

from accounts.models import FailedAttempts
from accounts.signed_in import signed_in
from console.lists import HistoryAdmin, Narrow, ask_first, call_each


@admin.register(FailedAttempts)
class FailedAttemptsAdmin(HistoryAdmin):
    when_empty = "Wrong passwords and API keys of the last hour are listed here."
    list_display = ["name", "kind", "address", "count", "last_at", "blocked_until"]
    list_filter = [("kind", ChoicesCheckboxFilter)]
    cell_filters = {
        "kind": Narrow("kind__exact", "kind"),
        "address": Narrow("address__exact", "address"),
    }
    search_fields = ["name", "address"]
    search_help_text = "User name, key prefix or address"
    ordering = ["-last_at"]
    actions = ["unblock"]
    fields = ["kind", "name", "address", "count", "started_at", "last_at", "blocked_until"]
    readonly_fields = fields

    def has_unblock_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.clear_failedattempts")

    @admin.action(description="Unblock", permissions=["unblock"])
    @ask_first("Unblock these? They can try again at once.", button="Unblock")
    def unblock(self, request: HttpRequest, rows: QuerySet[FailedAttempts]) -> None:
        call_each(
            request,
            rows,
            lambda row: row.unblock(signed_in(request)),
            done="Unblocked",
            unchanged="Already over",
        )
