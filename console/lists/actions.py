"""Actions on chosen rows: they ask first, call a verb on each row, and say what came of it."""

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
# From the chosen rows to what `ask_to_confirm` takes. With `expect`, any text, the action is done
# only while that is as it was when it was asked about.
Describe = Callable[[QuerySet], dict[str, Any]]


def call_each(
    request: HttpRequest,
    rows: Iterable[Model],
    verb: Callable[[Any], bool],
    *,
    done: str,
    unchanged: str,
) -> int:
    """Call a verb on each row and tell the person: "Cancelled: …", "Had ended already: …", and
    each refusal with its reason. Returns how many changed."""
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
    """An expected failure in words for the person who caused it."""
    if isinstance(error, ValidationError):
        return " ".join(error.messages)
    return str(error) or "You may not do this."


def join_names(names: list[str]) -> str:
    """ "a, b, c and 4 more"."""
    shown = ", ".join(names[:NAMED_ROWS])
    rest = len(names) - NAMED_ROWS
    return f"{shown} and {rest} more" if rest > 0 else shown


def ask_first(
    question: str, *, button: str, describe: Describe | None = None
) -> Callable[[Callable], Callable]:
    """An admin action that asks first: a page with the chosen rows and one button. What `describe`
    says of the chosen rows stands in place of these words."""
    return ask_for_values(Form, question, button=button, is_grave=True, describe=describe)


def ask_for_values(
    form_class: type[Form],
    question: str,
    *,
    button: str,
    is_grave: bool = False,
    describe: Describe | None = None,
) -> Callable[[Callable], Callable]:
    """An admin action that needs values: a page with the chosen rows and a form. The action gets
    what was given, `action(model_admin, request, queryset, **given)`."""

    def decorate(action: Callable) -> Callable:
        @wraps(action)
        def ask_or_do(
            model_admin: ConsoleAdmin, request: HttpRequest, queryset: QuerySet
        ) -> HttpResponse | None:
            form = form_class(request.POST if is_confirmed(request) else None)
            words = describe(queryset) if describe else {}
            expect = words.pop("expect", "")
            is_as_asked = request.POST.get("expect", "") == expect
            if form.is_valid() and is_as_asked:
                return action(model_admin, request, queryset, **form.cleaned_data)
            words = {"question": question, "button": button, **_names_of(queryset), **words}
            words |= {"form": form, "is_grave": is_grave, "opts": model_admin.opts}
            words["has_changed"] = is_confirmed(request) and not is_as_asked
            page = ask_to_confirm(request, sent=[*_choice(request), ("expect", expect)], **words)
            page.status_code = 409 if words["has_changed"] else 200
            return page

        return ask_or_do

    return decorate


def _names_of(queryset: QuerySet) -> dict[str, Any]:
    names = [str(row) for row in queryset[:NAMED_ROWS]]
    count = queryset.order_by().values("pk")[: COUNTED_ROWS + 1].count()
    return {"names": names, "more_names": count - len(names)}


def _choice(request: HttpRequest) -> list[tuple[str, str]]:
    """The chosen action and rows, for the next request."""
    return [
        ("action", request.POST.get("action", "")),
        ("select_across", request.POST.get("select_across", "0")),
        # The same page sent twice is to do it once.
        ("once", request.POST.get("once") or uuid4().hex),
        *((ACTION_CHECKBOX_NAME, pk) for pk in request.POST.getlist(ACTION_CHECKBOX_NAME)),
    ]
