"""Credentials as Ansible variables, only for the servers that a run targets."""

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from inventory.host_variables import opened_variables
from inventory.models import Credential, Server

from .connection import SPELLINGS, SSH_PASSWORDS, has_own

# Sources of a variable.
KEY_FILE, OWN, CREDENTIAL = "key file", "variables", "credential"
KNOWN_HOSTS = "known_hosts"


class Logins:
    """How a run logs in to each of its servers; `named` overrides the servers' own credentials.

    Writes each key once into `folder` (mode 0700), without its passphrase.
    """

    def __init__(self, folder: Path, servers: Iterable[Server], named: Credential | None) -> None:
        servers = list(servers)
        self.folder = folder
        self._named = named
        self._by_key = {row.pk: row for row in Credential.objects.used_for(servers, named)}
        self._key_files: dict[int, Path] = {}
        for row in self._by_key.values():
            if key := row.open_private_key():
                self._key_files[row.pk] = folder / f"key_{row.pk}"
                write_private(self._key_files[row.pk], key)
        self._variables = {row.pk: self._of(row) for row in self._by_key.values()}

    def merged(self, server: Server, inherited: Collection[str] = ()) -> dict[str, Any]:
        """The server's own variables, decrypted, overridden by those of its credential.

        `inherited` are the names of connection variables that its groups set. Raises Undecryptable,
        which names server and variable.
        """
        credential = self.credential_of(server)
        given = self._variables[credential.pk] if credential else {}
        merged: dict[str, Any] = {}
        for source, variables in layers(server, credential, given):
            merged |= variables if source == OWN else every_spelling(variables, inherited)
        return opened_variables(server, merged)

    def replaced(self, server: Server) -> set[str]:
        """The names of variables of the server that its credential replaces."""
        credential = self.credential_of(server)
        return replaced_by(credential, self._variables[credential.pk]) if credential else set()

    def pins(self, server: Server) -> bool:
        """True if a password may be sent to the server over SSH, to its pinned host key only."""
        credential = self.credential_of(server)
        return credential is not None and credential.needs_pin(server)

    def has_password_only(self, server: Server) -> bool:
        """True if its credential has an SSH password and no key."""
        credential = self.credential_of(server)
        return bool(credential and credential.ssh_password and credential.pk not in self._key_files)

    def covered(self, targets: Iterable[Server], neighbours: Iterable[Server]) -> list[Server]:
        """The neighbours on which every credential of the targets may be used."""
        used = {row.pk: row for target in targets if (row := self.credential_of(target))}.values()
        return [each for each in neighbours if all(row.covers(each) for row in used)]

    def shared(self, servers: Iterable[Server]) -> dict[str, Any]:
        """User and key that all servers have in common, for tasks delegated to a neighbour.

        Passwords are left out: a neighbour would learn them.
        """
        ways = [self._login(server) for server in servers]
        return ways[0] if ways and all(way == ways[0] for way in ways) else {}

    def _login(self, server: Server) -> dict[str, Any]:
        """User and key from columns and credential; variables of an inventory are its own."""
        credential = self.credential_of(server)
        given = self._variables[credential.pk] if credential else {}
        names = ("ansible_user", "ansible_ssh_private_key_file")
        found = {name: given[name] for name in names if name in given}
        return (_key_path(server) if not (credential and credential.has_ssh_secret) else {}) | found

    def credential_of(self, server: Server) -> Credential | None:
        return self._named or self._by_key.get(server.credential_id or 0)

    def _of(self, credential: Credential) -> dict[str, Any]:
        key_file = str(self._key_files.get(credential.pk) or "")
        texts = texts_of(credential, key_file, credential.opened)
        return {name: as_data(text) for name, text in texts.items()}


def layers(
    server: Server, credential: Credential | None, given: Mapping[str, Any]
) -> list[tuple[str, Mapping[str, Any]]]:
    """The sources of a server's variables in a run, later ones winning.

    They are its key file, its own variables without those that the credential replaces, and the
    credential's.
    """
    replaced = replaced_by(credential, given) if credential else set()
    kept = {name: value for name, value in server.variables.items() if name not in replaced}
    key_path = {} if credential and credential.has_ssh_secret else _key_path(server)
    return [(KEY_FILE, key_path), (OWN, kept), (CREDENTIAL, given)]


def replaced_by(credential: Credential, given: Iterable[str]) -> set[str]:
    """The names of variables that a credential replaces: of what it gives every spelling."""
    names = {each for name in given for each in SPELLINGS.get(name, ())}
    return names | {*SSH_PASSWORDS} if credential.has_ssh_secret else names


def texts_of(credential: Credential, key_file: str, opened: Callable[[str], str]) -> dict[str, str]:
    """The variables that a credential sets; `opened` decrypts a secret by name."""
    texts = {
        "ansible_user": credential.ssh_user,
        "ansible_ssh_private_key_file": key_file,
        "ansible_password": opened("ssh_password"),
        "ansible_become_method": credential.become_method,
        "ansible_become_user": credential.become_user,
        "ansible_become_password": opened("become_password"),
    }
    return {name: text for name, text in texts.items() if text}


def environment_of(credentials: Iterable[Credential]) -> tuple[dict[str, str], list[str]]:
    """All environment variables of the credentials, and the names on which they disagree."""
    merged: dict[str, str] = {}
    disputed: list[str] = []
    for credential in credentials:
        for name, value in credential.opened_environment().items():
            if merged.setdefault(name, value) != value:
                disputed.append(name)
    return merged, sorted(set(disputed))


def as_data(text: str) -> Mapping[str, str]:
    """Mark a text as data: Ansible would treat an inventory's texts as templates."""
    return {"__ansible_unsafe": text}


def write_private(path: Path, text: str, mode: int = 0o600) -> None:
    """Create a file that has its mode before its content, whatever the umask."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode & 0o700)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        os.fchmod(descriptor, mode)
        file.write(text)


def every_spelling(variables: Mapping[str, Any], inherited: Collection[str]) -> dict[str, Any]:
    """The variables, also under each other name of an option that one of the groups uses.

    Of an option's names Ansible takes the last, even if a group sets it and the host another. That
    holds for a host's own variables, too: they stay as they are. Only ours have to win.
    """
    found = dict(variables)
    if not inherited:
        return found
    for name, spellings in SPELLINGS.items():
        if name in variables:
            used = [each for each in spellings if each in inherited and each not in variables]
            found |= dict.fromkeys(used, variables[name])
    return found


def _key_path(server: Server) -> dict[str, str]:
    key = None if has_own(server.variables, "ssh_key_path") else server.key_file()
    return {"ansible_ssh_private_key_file": str(key)} if key else {}
