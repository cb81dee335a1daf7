"""The page between a button and what it does: it asks once, and works without a script."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse


def is_confirmed(request: HttpRequest) -> bool:
    """Whether it was sent from that page."""
    return request.method == "POST" and "confirmed" in request.POST


def ask_to_confirm(
    request: HttpRequest,
    question: str,
    *,
    button: str,
    sent: Iterable[tuple[str, str]] = (),
    **more: Any,
) -> TemplateResponse:
    """The question with a button that sends `sent` to the same address, and "confirmed" with it.

    `more`: `names` of what it is about, and how many `more_names` there are; a `form` where values
    are needed; a template with `details`; `is_grave` for what cannot be undone, `is_production`
    for what touches production; `has_changed` where it is asked anew; where `back` leads, and its
    words, `back_button`.
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
        "has_changed": False,
        "back": "",
        "back_button": "Go back",
        **more,
    }
    return TemplateResponse(request, "console/ask.html", context)
