"""Admin base class for records that can be activated and deactivated."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from console.lists import ConsoleAdmin, ask_first, call_each

from .signed_in import signed_in


class SwitchedAdmin(ConsoleAdmin):
    """Adds the actions Activate and Deactivate; the model is Editable."""

    @admin.action(description="Activate", permissions=["change"])
    @ask_first("Activate?", button="Activate")
    def activate(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        call_each(
            request,
            rows,
            lambda row: row.activate(signed_in(request)),
            done="Activated",
            unchanged="Already active",
        )

    @admin.action(description="Deactivate", permissions=["change"])
    @ask_first(
        "Deactivate? They cannot be used until they are activated again.",
        button="Deactivate",
    )
    def deactivate(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        call_each(
            request,
            rows,
            lambda row: row.deactivate(signed_in(request)),
            done="Deactivated",
            unchanged="Already inactive",
        )
