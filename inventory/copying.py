"""Copy a server: the initial values of the form for a new one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from audit.redaction import has_mask

from .host_variables import shown_variables
from .models import Server

# What identifies a server has to be typed anew: its name, its address, its host key.
COPIED = (
    *("environment", "description", "is_active", "credential", "tags", "os_type", "os_version"),
    *("ssh_port", "ssh_user", "ssh_key_path"),
)


@dataclass(frozen=True)
class ServerCopy:
    """Initial values of the form, with masks for secrets, and the names of secret variables."""

    values: dict[str, Any]
    secrets: list[str]

    def said(self, server: Server) -> str:
        """The message above the form for a copy of this server."""
        secrets = f"Secrets are copied too: {', '.join(self.secrets)}. " if self.secrets else ""
        return (
            f"Copied from {server}. Not copied: host name, IP address, host key. {secrets}"
            "Nothing is saved yet."
        )


def copy_of(server: Server) -> ServerCopy:
    values = {name: getattr(server, name) for name in COPIED}
    shown = shown_variables(server.variables)
    secrets = [name for name, value in shown.items() if has_mask(value)]
    return ServerCopy({**values, "variables": shown}, secrets)
