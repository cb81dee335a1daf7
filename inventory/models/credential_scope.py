"""The scope of a credential: on which servers and by which roles it may be used."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models

from accounts.models import User
from accounts.permissions import roles_with
from schema.exceptions import Refused
from schema.fields import JSONShapeField

from .inventories import share_inventories

if TYPE_CHECKING:
    from .groups import ServerGroup
    from .inventories import Inventory
    from .servers import Server

LONGEST_ENVIRONMENT = 50
# How many servers a refusal names.
NAMED = 3
SET_WHERE = "An admin sets where, on the credential's page."
PIN_IT = "Fetch its host key on the server's page, compare the fingerprint and pin it."


def launching_roles() -> list[str]:
    return roles_with("automation.launch_playbook")


def validate_environments(value: Any) -> None:
    if not isinstance(value, list) or not all(_is_environment(name) for name in value):
        raise ValidationError('Must be a list of environments, for example ["staging", "test"].')


def _is_environment(name: Any) -> bool:
    return isinstance(name, str) and 0 < len(name) <= LONGEST_ENVIRONMENT


def validate_roles(value: Any) -> None:
    known = launching_roles()
    if not isinstance(value, list) or not all(role in known for role in value):
        raise ValidationError(f"Must be a list of roles that can launch: {', '.join(known)}.")


class CredentialScope(models.Model):
    """Columns and rules of the scope. A credential without any of them cannot be used."""

    environments = JSONShapeField(
        "may be used in environments",
        default=list,
        db_default=[],
        blank=True,
        validators=[validate_environments],
        help_text="Usable on every server in these environments.",
    )
    allowed_servers: models.ManyToManyField[Server, Any] = models.ManyToManyField(
        "inventory.Server",
        verbose_name="usable on servers",
        blank=True,
        related_name="allowed_credentials",
        help_text="Usable on these servers in any environment.",
    )
    allowed_groups: models.ManyToManyField[ServerGroup, Any] = models.ManyToManyField(
        "inventory.ServerGroup",
        verbose_name="usable in groups",
        blank=True,
        related_name="allowed_credentials",
        help_text="Usable on every server in these groups, and in the groups in them.",
    )
    allowed_inventories: models.ManyToManyField[Inventory, Any] = models.ManyToManyField(
        "inventory.Inventory",
        verbose_name="usable in inventories",
        blank=True,
        related_name="allowed_credentials",
        help_text="Usable on every server of these inventories.",
    )
    roles = JSONShapeField(
        "usable by",
        default=list,
        db_default=[],
        blank=True,
        validators=[validate_roles],
        help_text="Admins can always use it.",
    )

    if TYPE_CHECKING:
        ssh_password: Any
        become_password: Any

    class Meta:
        abstract = True

    @cached_property
    def allowed_server_ids(self) -> set[int]:
        return set(self.allowed_servers.values_list("pk", flat=True))

    @cached_property
    def allowed_group_ids(self) -> set[int]:
        return set(self.allowed_groups.values_list("pk", flat=True))

    @cached_property
    def allowed_inventory_ids(self) -> set[int]:
        return set(self.allowed_inventories.values_list("pk", flat=True))

    def covers(self, server: Server) -> bool:
        """True if it may be used on the server, regardless of who launches.

        With groups in its scope, let the servers share their inventories: each reads its groups.
        """
        return (
            server.environment in self.environments
            or server.pk in self.allowed_server_ids
            or server.inventory_id in self.allowed_inventory_ids
            or self._is_in_group(server)
        )

    def _is_in_group(self, server: Server) -> bool:
        if not self.allowed_group_ids:
            return False
        groups = server.inventory.graph.with_variables_for(server.pk)
        return any(group.pk in self.allowed_group_ids for group in groups)

    def may_be_used_by(self, user: User) -> bool:
        return user.role in self.roles or user.has_perm("inventory.change_credential")

    def refuse_misuse(self, servers: Sequence[Server], actor: User) -> None:
        """Raise if the actor may not use this credential on all of these servers.

        PermissionDenied if the actor's role may not use it; Refused if a server is outside its
        scope, or its passwords must not be sent there.
        """
        if not self.may_be_used_by(actor):
            role = actor.get_role_display().lower()
            raise PermissionDenied(f"The credential “{self}” may not be used by the role {role}.")
        share_inventories(servers)
        if outside := [server for server in servers if not self.covers(server)]:
            raise Refused(
                f"The credential “{self}” may not be used on {_told(outside)}. {SET_WHERE}"
            )
        self._refuse_to_send_passwords(servers)

    def _refuse_to_send_passwords(self, servers: Sequence[Server]) -> None:
        has_password = f"The credential “{self}” has a password, "
        elsewhere = [server for server in servers if not self._may_send(server)]
        if elsewhere:
            raise Refused(f"{has_password}which is sent over SSH only, not to {_told(elsewhere)}.")
        unpinned = [server for server in servers if self.needs_pin(server) and not server.host_key]
        if unpinned:
            raise Refused(
                f"{has_password}and no host key is pinned for {_told(unpinned)}. {PIN_IT}"
            )

    def _may_send(self, server: Server) -> bool:
        """A become password does not leave the worker if no connection is made."""
        if self.ssh_password:
            return server.is_reached_by_ssh
        return not self.become_password or server.is_reached_by_ssh or server.is_local

    def needs_pin(self, server: Server) -> bool:
        return self.has_password and server.is_reached_by_ssh

    @property
    def used_on(self) -> str:
        """Where it may be used, in words: “production, group web, web1, web2 and 2 more”."""
        kinds: dict[str, Any] = {
            "inventory": self.allowed_inventories,
            "group": self.allowed_groups,
        }
        words = [f"{kind} {row}" for kind, rows in kinds.items() for row in rows.all()]
        servers = list(self.allowed_servers.all())
        told = [_told(servers)] if servers else []
        return ", ".join([*self.environments, *words, *told]) or "Nowhere yet"

    @property
    def used_by(self) -> str:
        labels = dict(User.Role.choices)
        others = [role for role in self.roles if role != User.Role.ADMIN]
        return ", ".join(["Admins", *(f"{labels[role]}s".lower() for role in others)])

    @property
    def has_password(self) -> bool:
        return bool(self.ssh_password or self.become_password)


def _told(servers: Sequence[Server]) -> str:
    names = ", ".join(str(server) for server in servers[:NAMED])
    more = len(servers) - NAMED
    return f"{names} and {more} more" if more > 0 else names
