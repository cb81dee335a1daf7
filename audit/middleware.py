"""Tells the audit trail who sends a request."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from .context import acting_as

Address = IPv4Address | IPv6Address


class AuditContextMiddleware:
    """Lines written during a request name its user, address and client.

    The user is looked up when a line is written: API keys are read inside the view, after all
    middleware.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with acting_as(
            SimpleLazyObject(lambda: request.user),
            ip_address=remote_address(request),
            user_agent=request.headers.get("User-Agent", ""),
            via=lambda: door(request),
        ):
            return self.get_response(request)


def door(request: HttpRequest) -> str:
    """How the request came in: "console", "API", or "API key …" with the key's name."""
    if key := getattr(request, "auth", None):  # set by DRF
        return f"API key {key}"
    match = request.resolver_match
    return "API" if match and "api" in match.namespaces else "console"


def remote_address(request: HttpRequest) -> str | None:
    """The client's address. X-Forwarded-For counts only as far as trusted proxies wrote it."""
    address = _parsed(request.META.get("REMOTE_ADDR", ""))
    hops = request.headers.get("X-Forwarded-For", "").split(",")
    while address and hops and _is_trusted_proxy(address):
        hop = _parsed(hops.pop())
        if hop is None:
            break
        address = hop
    return str(address) if address else None


def _parsed(text: str) -> Address | None:
    """The address without a zone; an IPv4-mapped IPv6 address as IPv4.

    None if it is not an address.
    """
    try:
        address = ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_trusted_proxy(address: Address) -> bool:
    networks = (ip_network(proxy, strict=False) for proxy in settings.TRUSTED_PROXIES)
    return any(address in network for network in networks)
