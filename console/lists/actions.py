"""Actions on selected rows: ask first, call a verb on each row, report the outcome."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model, QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse

from console.asking import ask_to_confirm, is_confirmed
from schema.exceptions import Refused

from .admins import ConsoleAdmin
from .rows import COUNTED_ROWS

NAMED_ROWS = 10
CHANGED = "Nothing was done: this has changed since it was shown. Review it, then confirm again."
# Maps the request and the selected rows to arguments for `ask_to_confirm`. With `expect`, any text,
# the action is carried out only if that is unchanged since the question was shown.
Describe = Callable[[HttpRequest, QuerySet], dict[str, Any]]


def call_each(
    request: HttpRequest,
    rows: Iterable[Model],
    verb: Callable[[Any], bool],
    *,
    done: str,
    unchanged: str,
) -> int:
    """Call a verb on each row and report the outcome: "Cancelled: …", "Already finished: …".

    Each refusal is shown with its reason. Returns how many rows changed.
    """
    changed: list[str] = []
    same: list[str] = []
    for row in rows:
        try:
            (changed if verb(row) else same).append(str(row))
        except (Refused, ValidationError, PermissionDenied) as error:
            messages.error(request, f"{row}: {reason(error)}")
    if changed:
        messages.success(request, f"{done}: {join_names(changed)}.")
    if same:
        messages.info(request, f"{unchanged}: {join_names(same)}.")
    return len(changed)


def reason(error: Exception) -> str:
    """An expected error, in words for the user."""
    if isinstance(error, ValidationError):
        return " ".join(error.messages)
    return str(error) or "Your role does not allow this."


def join_names(names: list[str]) -> str:
    """ "a, b, c and 4 more"."""
    shown = ", ".join(names[:NAMED_ROWS])
    rest = len(names) - NAMED_ROWS
    return f"{shown} and {rest} more" if rest > 0 else shown


def ask_first(
    question: str, *, button: str, describe: Describe | None = None
) -> Callable[[Callable], Callable]:
    """Decorate an admin action to ask first, on a page with the selected rows and one button.

    If given, `describe(request, queryset)` replaces the question, the button and whatever else it
    returns.
    """
    return ask_for_values(Form, question, button=button, is_grave=True, describe=describe)


def ask_for_values(
    form_class: type[Form],
    question: str,
    *,
    button: str,
    is_grave: bool = False,
    describe: Describe | None = None,
) -> Callable[[Callable], Callable]:
    """Decorate an admin action that needs values: a page with the selected rows and a form.

    The action is called with the form's values: `action(model_admin, request, queryset, **given)`.
    """

    def decorate(action: Callable) -> Callable:
        @wraps(action)
        def ask_or_do(
            model_admin: ConsoleAdmin, request: HttpRequest, queryset: QuerySet
        ) -> HttpResponse | None:
            form = form_class(request.POST if is_confirmed(request) else None)
            words = describe(request, queryset) if describe else {}
            expect = words.pop("expect", "")
            is_as_asked = request.POST.get("expect", "") == expect
            if form.is_valid() and is_as_asked:
                return action(model_admin, request, queryset, **form.cleaned_data)
            words = {"question": question, "button": button, **_names_of(queryset), **words}
            words |= {"form": form, "is_grave": is_grave, "opts": model_admin.opts}
            words["note"] = CHANGED if is_confirmed(request) and not is_as_asked else ""
            return ask_to_confirm(request, sent=[*_choice(request), ("expect", expect)], **words)

        return ask_or_do

    return decorate


def _names_of(queryset: QuerySet) -> dict[str, Any]:
    names = [str(row) for row in queryset[:NAMED_ROWS]]
    count = queryset.order_by().values("pk")[: COUNTED_ROWS + 1].count()
    return {"names": names, "more_names": count - len(names)}


def _choice(request: HttpRequest) -> list[tuple[str, str]]:
    """The fields of the action and the selected rows, for the next request."""
    return [
        ("action", request.POST.get("action", "")),
        ("select_across", request.POST.get("select_across", "0")),
        # So that submitting the page twice acts once.
        ("once", request.POST.get("once") or uuid4().hex),
        *((ACTION_CHECKBOX_NAME, pk) for pk in request.POST.getlist(ACTION_CHECKBOX_NAME)),
    ]
