"""Contain errors of parts: a broken part loses its own place on the page, nothing else."""

import logging
from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.utils.safestring import mark_safe

from schema.outages import trouble_of

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")
Instead = TypeVar("Instead")

BROKEN = mark_safe(
    '<div class="io-note">This panel could not be shown. The console’s log has the details.</div>'  # noqa: RUF001
)


def ask_part(name: str, ask: Callable[[], Answer], *, instead: Instead) -> Answer | Instead:
    """What the part returns; if it raises, `instead`, with the error logged under `name`.

    With RAISE_IN_PARTS, as in tests and with DEBUG, the error is raised.
    """
    try:
        return ask()
    except Exception as error:  # Code of any app: it may raise anything.
        if settings.RAISE_IN_PARTS or trouble_of(error):  # without a database, no part is shown
            raise
        logger.exception("A part could not be shown: %s", name)
        return instead
