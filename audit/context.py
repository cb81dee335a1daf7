"""Who is acting, and from where: set once per request or task, read by every audit line."""

import os
import pwd
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


def command() -> str:
    """The manage.py command that this process runs: "command import_inventory", or ""."""
    program, *words = sys.argv or [""]
    is_ours = Path(program).name in ("manage.py", "django-admin", "__main__.py")
    return f"command {words[0]}" if is_ours and words and words[0].isidentifier() else ""


@cache
def terminal() -> dict[str, str]:
    """The system user and host of this process: {"user": "deploy", "host": "ops1"}.

    Also the user who called sudo, as sudo's environment says.
    """
    try:
        user = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # as in a container whose user has no name
        user = str(os.geteuid())
    sudo = os.environ.get("SUDO_USER", "")[:80]
    found = {"user": user, "host": socket.gethostname(), "sudo": sudo}
    return {name: text for name, text in found.items() if text}


@dataclass(frozen=True)
class Acting:
    """Who is acting (None: the system), with address and client.

    `via` names the way in; it is called when a line is written.
    """

    user: Any = None
    ip_address: str | None = None
    user_agent: str = ""
    via: Callable[[], str] = command


NOBODY = Acting()
_acting: ContextVar[Acting] = ContextVar("acting", default=NOBODY)


def current() -> Acting:
    return _acting.get()


@contextmanager
def acting_as(
    user: Any,
    *,
    ip_address: str | None = None,
    user_agent: str = "",
    via: Callable[[], str] = command,
) -> Iterator[Acting]:
    """Within the block, audit lines name this user, address and client. Blocks can be nested."""
    token = _acting.set(Acting(user, ip_address, user_agent[:255], via))
    try:
        yield _acting.get()
    finally:
        _acting.reset(token)


def acting_for(user: Any) -> AbstractContextManager[Acting]:
    """Within the block this user acts; address, client and way in stay as they are."""
    now = current()
    return acting_as(user, ip_address=now.ip_address, user_agent=now.user_agent, via=now.via)
