"""The page between a button and its action: it asks once, and works without scripts."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse


def is_confirmed(request: HttpRequest) -> bool:
    """True if the request was sent from that page."""
    return request.method == "POST" and "confirmed" in request.POST


def ask_to_confirm(
    request: HttpRequest,
    question: str,
    *,
    button: str,
    sent: Iterable[tuple[str, str]] = (),
    **more: Any,
) -> TemplateResponse:
    """The question, with a button that sends `sent` and "confirmed" to the same address.

    With an empty `button` there is nothing to be done, and only the way back.

    `more`: `names` of what it is about, and the number of `more_names`; a `form` if values are
    needed; a template with `details`; `is_grave` for what cannot be undone, `is_production` for
    what affects production; the URL `back`, and its label `back_button`. With a `note` on why it
    asks again, the status is 409.
    """
    context = {
        **admin.site.each_context(request),
        "title": question,
        "button": button,
        "sent": list(sent),
        "names": [],
        "more_names": 0,
        "form": None,
        "details": "",
        "is_grave": False,
        "is_production": False,
        "note": "",
        "back": "",
        "back_button": "Go back",
        **more,
    }
    status = 409 if context["note"] else 200
    return TemplateResponse(request, "console/ask.html", context, status=status)
