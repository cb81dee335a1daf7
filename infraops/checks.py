"""System checks of the settings, so that wrong values show when any command starts."""

import os
import re
import shlex
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from .private_files import readable_by_others


@register()
def check_settings(**kwargs: Any) -> list[CheckMessage]:
    return [
        *(*_deadlines(), *_proxies(), *_playbook_root(), *_state_root()),
        *(*_umask(), *_private_files(), *_ends()),
    ]


def _deadlines() -> list[CheckMessage]:
    if 1 <= settings.RUN_DEADLINE_SECONDS <= settings.RUN_DEADLINE_MAX_SECONDS:
        return []
    return [
        Error(
            "RUN_DEADLINE_SECONDS must be between 1 and RUN_DEADLINE_MAX_SECONDS "
            f"({settings.RUN_DEADLINE_MAX_SECONDS}); it is {settings.RUN_DEADLINE_SECONDS}.",
            id="infraops.E001",
        )
    ]


def _proxies() -> list[CheckMessage]:
    return [
        Error(
            f"TRUSTED_PROXIES: “{proxy}” is neither an address nor a network.",
            hint="Separate addresses with commas: 127.0.0.1,10.0.0.0/24.",
            id="infraops.E002",
        )
        for proxy in settings.TRUSTED_PROXIES
        if not _is_network(proxy)
    ]


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _playbook_root() -> list[CheckMessage]:
    root = Path(settings.PLAYBOOK_ROOT)
    if root.is_dir():
        return []
    return [
        Warning(
            f"PLAYBOOK_ROOT is {root}, which does not exist: no playbook can run.",
            id="infraops.W001",
        )
    ]


def _state_root() -> list[CheckMessage]:
    root = Path(settings.STATE_ROOT)
    # A worker creates it if it is missing.
    present = next(each for each in (root, *root.absolute().parents) if each.exists())
    if present.is_dir() and os.access(present, os.W_OK | os.X_OK):
        return []
    problem = "cannot be written to" if present == root else "does not exist and cannot be created"
    return [
        Warning(
            f"STATE_ROOT is {root}, which {problem}: no run can start.",
            hint="It has to be a folder of the worker's user, the same for all workers.",
            id="infraops.W003",
        )
    ]


def _umask() -> list[CheckMessage]:
    if re.fullmatch("[0-7]{1,4}", settings.ANSIBLE_UMASK):
        return []
    return [
        Error(
            f"ANSIBLE_UMASK is “{settings.ANSIBLE_UMASK}”: use octal digits, such as 022.",
            id="infraops.E003",
        )
    ]


def _private_files() -> list[CheckMessage]:
    """Files of an installation from before the umask, or copied by hand."""
    paths = readable_by_others()
    if not paths:
        return []
    words = " ".join(shlex.quote(str(path)) for path in paths)
    return [
        Warning(
            f"Other users of this machine can read {', '.join(map(str, paths))}.",
            hint=f"As the files' owner: chmod 600 {words}",
            id="infraops.W002",
        )
    ]


def _ends() -> list[CheckMessage]:
    names = ("SESSION_IDLE_MINUTES", "SESSION_HOURS", "API_KEY_DAYS")
    return [
        Error(f"{name} must be at least 1; it is {getattr(settings, name)}.", id="infraops.E004")
        for name in names
        if getattr(settings, name) < 1
    ]
