"""Verbs for a server's host key: fetch, pin, forget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.utils import timezone

from accounts.models import User
from audit.models import AuditLog
from inventory.ansible.connection import address_of, plain_value, port_of
from inventory.host_key_scan import scan_host_keys
from inventory.ssh_keys import fingerprint
from inventory.validators import validate_host_key
from schema.exceptions import Refused


@dataclass(frozen=True)
class FetchedKey:
    """A host key as the server presented it, not yet trusted."""

    host_key: str
    is_pinned: bool

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.host_key)


class HostKeys(models.Model):
    if TYPE_CHECKING:
        ip_address: Any
        ssh_port: Any
        host_key: Any

    class Meta:
        abstract = True

    @property
    def connects_to(self) -> str:
        """Where Ansible connects to it, in words: “192.0.2.1 port 2222”."""
        server: Any = self
        if server.is_local:
            return "The worker itself"
        address, port = address_of(server), port_of(server)
        if not address:
            return "Set by a template"
        return address if port == 22 else f"{address} port {port}"

    def fetch_host_keys(self, actor: User) -> list[FetchedKey]:
        """The keys that the server presents now. Nothing is pinned.

        Takes some seconds, at most half a minute. Raises Refused if there is no answer or no SSH
        server.
        """
        if not actor.has_perm("inventory.change_server"):
            raise PermissionDenied("Only admins can fetch host keys.")
        pinned = set(self.pinned_keys())
        server: Any = self
        if not server.is_reached_by_ssh:
            plugin = plain_value(server.connection_plugin) or "a template"
            raise Refused(f"{self} is not reached over SSH (ansible_connection: {plugin}).")
        if not (address := address_of(server)):
            raise Refused(
                f"The address of {self} is a template, which only a run fills in. The first run "
                "that reaches it pins its key."
            )
        keys = scan_host_keys(address, port_of(server))
        found = [FetchedKey(key, key in pinned) for key in keys]
        shown = [key.fingerprint for key in found]
        AuditLog.objects.record("server.host_key_fetched", self, actor=actor, fingerprints=shown)
        return found

    @transaction.atomic
    def pin_host_key(self, actor: User, host_key: str) -> bool:
        """Accept only this key from now on. False if it was the only pinned key already.

        Raises ValidationError if it is not a host key.
        """
        if not actor.has_perm("inventory.change_server"):
            raise PermissionDenied("Only admins can pin a host key.")
        host_key = " ".join(host_key.split()[:2])
        validate_host_key(host_key)
        if not fingerprint(host_key).partition(" ")[2]:
            raise ValidationError("Not a public host key. Expected: “ssh-ed25519 AAAA…”.")
        rows: Any = type(self)._default_manager
        row = rows.select_for_update().get(pk=self.pk)
        old = row.host_key
        if row.pinned_keys() == [host_key]:
            return False
        rows.filter(pk=self.pk).update(host_key=host_key, updated_at=timezone.now())
        self.host_key = host_key
        AuditLog.objects.record(
            "server.host_key_pinned",
            self,
            actor=actor,
            host_key=host_key,
            fingerprint=fingerprint(host_key),
            **({"replaced": old} if old else {}),
        )
        return True

    @transaction.atomic
    def forget_host_key(self, actor: User) -> bool:
        """Unpin, so that the next run pins a new key, as after a reinstallation.

        False if none was pinned.
        """
        if not actor.has_perm("inventory.change_server"):
            raise PermissionDenied("Only admins can forget a pinned host key.")
        old, self.host_key = self.host_key, ""
        rows: Any = type(self)._default_manager
        pinned = rows.filter(pk=self.pk).exclude(host_key="")
        if not pinned.update(host_key="", updated_at=timezone.now()):
            return False
        AuditLog.objects.record("server.host_key_forgotten", self, actor=actor, host_key=old)
        return True

    def pinned_keys(self) -> list[str]:
        """Each key as “kind key”, without a comment."""
        lines = (line.split()[:2] for line in self.host_key.splitlines())
        return [" ".join(words) for words in lines if words]

    def fingerprints(self) -> list[str]:
        """Fingerprints of the pinned keys, as `ssh-keygen -l` shows them."""
        return [fingerprint(line) for line in self.pinned_keys()]
