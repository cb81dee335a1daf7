"""Requests sent after their session has ended: do nothing, and lead through the login and back."""

from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme

NOTHING_DONE = "Nothing was done: your session had ended."
# The login page is marked with it, and static/unsent.js keeps what was typed.
UNSENT = "unsent"


def page_of_form(request: HttpRequest) -> str:
    """The path and query of our page that the form was sent from.

    Empty if the browser does not say, or the Referer is another site's.
    """
    sender = request.headers.get("Referer", "")
    here = {request.get_host()}
    if not url_has_allowed_host_and_scheme(sender, here, require_https=request.is_secure()):
        return ""
    path = urlsplit(sender)._replace(scheme="", netloc="", fragment="").geturl()
    # "https://here//elsewhere" is ours, but its path alone would lead elsewhere.
    return path if path and url_has_allowed_host_and_scheme(path, None) else ""


def is_page(request: HttpRequest) -> bool:
    """True if a person would see the response: our scripts do not request pages."""
    return "text/html" in request.headers.get("Accept", "text/html")


def lead_through_log_in(request: HttpRequest) -> HttpResponse:
    """Redirect to the login, and from there to the page with the form.

    Never to the address that the form was sent to, which may have no page.
    """
    messages.warning(request, NOTHING_DONE)
    page = page_of_form(request) or resolve_url(settings.LOGIN_REDIRECT_URL)
    log_in = f"{resolve_url(settings.LOGIN_URL)}?{urlencode({UNSENT: 'yes'})}"
    return redirect_to_login(page, log_in)
