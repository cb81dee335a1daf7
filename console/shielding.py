"""A part that breaks costs its own place on a page: what stands beside it stays."""

import logging
from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.utils.safestring import mark_safe

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")
Instead = TypeVar("Instead")

BROKEN = mark_safe(
    '<div class="io-note">This panel could not be shown. The console’s log says why.</div>'  # noqa: RUF001
)


def ask_part(name: str, ask: Callable[[], Answer], *, instead: Instead) -> Answer | Instead:
    """What the part answers; or `instead`, with the error in the log under `name`. Where
    RAISE_IN_PARTS is set, as in tests and with DEBUG, the error is raised."""
    try:
        return ask()
    except Exception:  # Each app's own code: it raises what it likes.
        if settings.RAISE_IN_PARTS:
            raise
        logger.exception("A part could not be shown: %s", name)
        return instead
