"""System checks of the settings, so that wrong values show when any command starts."""

from ipaddress import ip_network
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register


@register()
def check_settings(**kwargs: Any) -> list[CheckMessage]:
    return [*_deadlines(), *_proxies(), *_playbook_root(), *_ends()]


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


def _ends() -> list[CheckMessage]:
    names = ("SESSION_IDLE_MINUTES", "SESSION_HOURS", "API_KEY_DAYS")
    return [
        Error(f"{name} must be at least 1; it is {getattr(settings, name)}.", id="infraops.E003")
        for name in names
        if getattr(settings, name) < 1
    ]
