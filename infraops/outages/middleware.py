"""Keeps requests away from a database that does not answer."""

import threading
import time
from collections.abc import Callable, Iterator
from errno import ECONNRESET
from itertools import chain, islice
from typing import Any

from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from infraops.health import impatient_database, look_at_database

from .answers import HEALTH, unavailable
from .known import outage

# A request that takes longer may be waiting for a database that hangs.
SLOW_SECONDS = 3.0


class OutageMiddleware:
    """Answers 503 at once while the database does not answer, so that requests do not pile up.

    What fails in a view is answered by `views.server_error`; what fails while a response is being
    sent, such as a download, breaks it off. /api/health always looks for itself.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._began: dict[int, float] = {}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == reverse(HEALTH):
            with impatient_database():
                return self.get_response(request)
        if (outage.is_on or self._is_any_slow()) and outage.may_look():
            look_at_database()
        if reason := outage.reason:
            outage.note(reason)
            return unavailable(request, reason)
        own = threading.get_ident()
        self._began[own] = time.monotonic()
        try:
            return self._with_watched_body(request, self.get_response(request))
        finally:
            self._began.pop(own, None)

    def _is_any_slow(self) -> bool:
        began = min(list(self._began.values()), default=None)
        return began is not None and time.monotonic() - began > SLOW_SECONDS

    def _with_watched_body(self, request: HttpRequest, response: Any) -> HttpResponse:
        """Read the first part of a body that is sent in parts: its error can still be a 503."""
        if not response.streaming or response.is_async:
            return response
        parts = iter(response.streaming_content)
        try:
            first = list(islice(parts, 1))
        except Error as error:
            if sentence := outage.note_error(error):
                return unavailable(request, sentence)
            raise
        response.streaming_content = broken_off_quietly(chain(first, parts))
        return response


def broken_off_quietly(parts: Iterator[bytes]) -> Iterator[bytes]:
    """The parts. An outage breaks the connection off, so that nobody takes them for the whole.

    ConnectionResetError is what servers take for an ended connection, which they do not log.
    """
    try:
        yield from parts
    except Error as error:
        if not outage.note_error(error):
            raise
        raise ConnectionResetError(ECONNRESET, "Broken off: the database is away.") from None
