"""Tells the audit trail who a request comes from."""

from collections.abc import Callable
from ipaddress import ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from .context import acting_as


class AuditContextMiddleware:
    """Every line written during a request names its user, address and client.

    The user is looked up when the line is written: an API key is read inside the view, later
    than any middleware.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with acting_as(
            SimpleLazyObject(lambda: request.user),
            ip_address=remote_address(request),
            user_agent=request.headers.get("User-Agent", ""),
        ):
            return self.get_response(request)


def remote_address(request: HttpRequest) -> str | None:
    """The client's address; X-Forwarded-For counts only as far as trusted proxies wrote it."""
    address = request.META.get("REMOTE_ADDR") or None
    forwarded = request.headers.get("X-Forwarded-For", "")
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    while hops and _is_trusted_proxy(address):
        address = hops.pop()
    return address if _is_address(address) else None


def _is_address(text: str | None) -> bool:
    try:
        ip_address(text or "")
    except ValueError:
        return False
    return True


def _is_trusted_proxy(text: str | None) -> bool:
    if not _is_address(text):
        return False
    networks = (ip_network(proxy, strict=False) for proxy in settings.TRUSTED_PROXIES)
    return any(ip_address(text or "") in network for network in networks)
