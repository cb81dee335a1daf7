"""Credentials as Ansible's variables: for the servers that a run is for, and for no others."""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from inventory.models import Credential, Server

# Ansible knows each by several names, and the last of them wins: none may stay beside ours.
SSH_PASSWORDS = ("ansible_password", "ansible_ssh_pass", "ansible_ssh_password")
BECOME_PASSWORDS = (
    "ansible_become_password",
    "ansible_become_pass",
    "ansible_sudo_pass",
    "ansible_su_pass",
)
# Where a variable comes from.
KEY_FILE, OWN, CREDENTIAL = "key file", "variables", "credential"
KNOWN_HOSTS = "known_hosts"
# ssh would offer the worker's own keys first, and the password would not be what lets it in.
PASSWORD_ONLY = "-o PubkeyAuthentication=no"  # noqa: S105
# Where a password goes, the other side has to show the key that is pinned for this server,
# whatever address a play has led the connection to. ssh believes the first of two options, and
# these go before all others.
PINNED_ONLY = (
    "-o UserKnownHostsFile='\"{known_hosts}\"' -o GlobalKnownHostsFile=/dev/null "
    "-o StrictHostKeyChecking=yes -o HostKeyAlias={alias} "
    "-C -o ControlMaster=auto -o ControlPersist=60s"
)


class Logins:
    """How a run logs in to each of its servers: `named` wins over the server's own.

    Keys are written once each into `folder` (mode 0700), without their passphrases.
    """

    def __init__(self, folder: Path, servers: Iterable[Server], named: Credential | None) -> None:
        servers = list(servers)
        self._named = named
        self._known_hosts = str((folder / KNOWN_HOSTS).absolute())
        self._by_key = {row.pk: row for row in Credential.objects.used_for(servers, named)}
        self._key_files: dict[int, Path] = {}
        for row in self._by_key.values():
            if key := row.open_private_key():
                self._key_files[row.pk] = folder / f"key_{row.pk}"
                write_private(self._key_files[row.pk], key)
        self._variables = {row.pk: self._of(row) for row in self._by_key.values()}

    def merged(self, server: Server) -> dict[str, Any]:
        """The server's own variables with what its credential says in their place."""
        credential = self.credential_of(server)
        given = self._variables[credential.pk] if credential else {}
        merged: dict[str, Any] = {}
        for _source, variables in layers(server, credential, given):
            merged |= variables
        if credential and credential.needs_pin(server):
            merged |= {"ansible_ssh_args": as_data(pinned_only(server, self._known_hosts))}
        return merged

    def covered(self, targets: Iterable[Server], neighbours: Iterable[Server]) -> list[Server]:
        """The neighbours that each credential of the targets may be used on."""
        used = {row.pk: row for target in targets if (row := self.credential_of(target))}.values()
        return [each for each in neighbours if all(row.covers(each) for row in used)]

    def shared(self, servers: Iterable[Server]) -> dict[str, Any]:
        """User and key that all the servers have in common: with them a task goes to a neighbour
        that it is delegated to. Passwords stay: a neighbour would be told them."""
        names = ("ansible_user", "ansible_ssh_private_key_file")
        ways = [
            {name: value for name, value in self.merged(server).items() if name in names}
            for server in servers
        ]
        return ways[0] if ways and all(way == ways[0] for way in ways) else {}

    def credential_of(self, server: Server) -> Credential | None:
        return self._named or self._by_key.get(server.credential_id or 0)

    def _of(self, credential: Credential) -> dict[str, Any]:
        key_file = str(self._key_files.get(credential.pk) or "")
        texts = texts_of(credential, key_file, credential.opened)
        return {name: as_data(text) for name, text in texts.items()}


def layers(
    server: Server, credential: Credential | None, given: Mapping[str, Any]
) -> list[tuple[str, Mapping[str, Any]]]:
    """What the variables of a run's server come from, the later winning: its key file, its own
    ones without those that the credential replaces, and what the credential gives."""
    replaced: set[str] = set()
    if credential and credential.has_ssh_secret:
        replaced.update(SSH_PASSWORDS)
    if credential and credential.become_password:
        replaced.update(BECOME_PASSWORDS)
    kept = {name: value for name, value in server.variables.items() if name not in replaced}
    key_path = {} if credential and credential.has_ssh_secret else _key_path(server)
    return [(KEY_FILE, key_path), (OWN, kept), (CREDENTIAL, given)]


def pinned_only(server: Server, known_hosts: str) -> str:
    """The options of ssh that let it talk to nobody but this server."""
    return PINNED_ONLY.format(known_hosts=known_hosts, alias=alias_of(server))


def alias_of(server: Server) -> str:
    """What its pinned host key stands under besides its address."""
    return f"infraops-server-{server.pk}"


def texts_of(credential: Credential, key_file: str, opened: Callable[[str], str]) -> dict[str, str]:
    """Which variables a credential gives; `opened` reads one of its secrets."""
    texts = {
        "ansible_user": credential.ssh_user,
        "ansible_ssh_private_key_file": key_file,
        "ansible_password": opened("ssh_password"),
        "ansible_become_method": credential.become_method,
        "ansible_become_user": credential.become_user,
        "ansible_become_password": opened("become_password"),
    }
    if texts["ansible_password"] and not key_file:
        texts["ansible_ssh_extra_args"] = PASSWORD_ONLY
    return {name: text for name, text in texts.items() if text}


def environment_of(credentials: Iterable[Credential]) -> tuple[dict[str, str], list[str]]:
    """What ansible-playbook gets of all of them, and the names on which they do not agree."""
    merged: dict[str, str] = {}
    disputed: list[str] = []
    for credential in credentials:
        for name, value in credential.opened_environment().items():
            if merged.setdefault(name, value) != value:
                disputed.append(name)
    return merged, sorted(set(disputed))


def as_data(text: str) -> Mapping[str, str]:
    """A text whose braces mean nothing: Ansible takes an inventory's texts for templates."""
    return {"__ansible_unsafe": text}


def write_private(path: Path, text: str, mode: int = 0o600) -> None:
    """A new file that has its mode before it has its content, whatever the umask."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode & 0o700)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        os.fchmod(descriptor, mode)
        file.write(text)


def _key_path(server: Server) -> dict[str, str]:
    key = server.key_file()
    return {"ansible_ssh_private_key_file": str(key)} if key else {}
