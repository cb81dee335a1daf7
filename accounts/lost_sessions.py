"""What is sent after its session has ended: nothing is done, and the log-in leads back to the page
that it was sent from."""

from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme

NOTHING_DONE = "Nothing was done: your session had ended."
# The log-in page says so too, and static/unsent.js keeps what was typed.
UNSENT = "unsent"


def page_of_form(request: HttpRequest) -> str:
    """The path, with its query, of the page of ours that a form was sent from. Empty where the
    browser does not say, or names somebody else's."""
    sender = request.headers.get("Referer", "")
    here = {request.get_host()}
    if not url_has_allowed_host_and_scheme(sender, here, require_https=request.is_secure()):
        return ""
    path = urlsplit(sender)._replace(scheme="", netloc="", fragment="").geturl()
    # "https://here//elsewhere" is ours, and its path alone would lead elsewhere.
    return path if path and url_has_allowed_host_and_scheme(path, None) else ""


def is_page(request: HttpRequest) -> bool:
    """Whether a person would see the answer: scripts of ours do not ask for pages."""
    return "text/html" in request.headers.get("Accept", "text/html")


def lead_through_log_in(request: HttpRequest) -> HttpResponse:
    """To the log-in, and from there to the page that the form stood on: never to the address that
    it was sent to, which may have no page."""
    messages.warning(request, NOTHING_DONE)
    page = page_of_form(request) or resolve_url(settings.LOGIN_REDIRECT_URL)
    log_in = f"{resolve_url(settings.LOGIN_URL)}?{urlencode({UNSENT: 'yes'})}"
    return redirect_to_login(page, log_in)
