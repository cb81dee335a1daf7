"""Who acts, and from where: known once a request or a task, read by every audit line in it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Acting:
    """The person (None: the system itself), the address and the client of what happens now."""

    user: Any = None
    ip_address: str | None = None
    user_agent: str = ""


NOBODY = Acting()
_acting: ContextVar[Acting] = ContextVar("acting", default=NOBODY)


def current() -> Acting:
    return _acting.get()


@contextmanager
def acting_as(
    user: Any, *, ip_address: str | None = None, user_agent: str = ""
) -> Iterator[Acting]:
    """Within the block, audit lines name this person, address and client. It nests."""
    token = _acting.set(Acting(user, ip_address, user_agent[:255]))
    try:
        yield _acting.get()
    finally:
        _acting.reset(token)


def acting_for(user: Any) -> AbstractContextManager[Acting]:
    """Within the block this person acts, from where the request or the task came."""
    now = current()
    return acting_as(user, ip_address=now.ip_address, user_agent=now.user_agent)
