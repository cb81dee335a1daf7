"""servers: the machines that playbooks run on."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, validate_ipv46_address
from django.db import models
from django.db.models import Q
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Lower
from django.urls import reverse

from accounts.editing import Editable
from accounts.models import User
from inventory.ansible.connection import has_own, without_mark
from inventory.host_variables import HostVariablesField
from inventory.tag_texts import has_tag, parse_tag, tag_text, value_text, values_of
from inventory.validators import (
    AT,
    validate_host_key,
    validate_host_name,
    validate_key_path,
    validate_object,
    validate_tags,
)
from schema.fields import CreatedAtField, DescriptionField, JSONShapeField, UpdatedAtField
from schema.limits import LONGEST_SEARCH

from .credentials import Credential
from .fact_filters import FactQuerySet
from .host_keys import HostKeys
from .host_names import UNPLACED, HostNames, InventoryNameField
from .inventories import Inventory, default_inventory
from .own_variables import OwnVariables
from .ownership import ENVIRONMENT, Owned
from .sources import InventorySource

# Columns that a run does not need of its neighbours.
UNSEEN = (
    *("description", "created_at", "updated_at", "os_type", "os_version", "tags"),
    *("imported_variables", "ssh_key_path"),
)
# In JSON, the names of variables with a connection's secret or key.
LOGIN_NAMES = re.compile(
    '"ansible_[a-z_]*(pass|password|passphrase|private_key|private_key_file)":'
)
# Ansible's names for the same connection. Without "smart", which may mean paramiko.
BY_SSH = ("ssh", "ansible.builtin.ssh", "ansible.legacy.ssh")
LOCAL = ("local", "ansible.builtin.local", "ansible.legacy.local")
# What Ansible takes for the machine that it runs on, unless the inventory has a host of the name.
LOCALHOST = ("localhost", "127.0.0.1", "::1")


class ServerQuerySet(FactQuerySet, models.QuerySet["Server"]):
    def active(self) -> Self:
        return self.filter(is_active=True)

    def in_environment(self, environment: str) -> Self:
        return self.filter(environment=environment)

    def environments(self) -> list[str]:
        """All environments that have servers, sorted."""
        names = self.order_by("environment").values_list("environment", flat=True)
        return list(names.distinct())

    def neighbours_of(self, servers: list[Server]) -> Self:
        """Other active servers of the same inventory, which plays may name or delegate to.

        In their environments only, if the inventory separates them. Defers columns that a run
        does not need: there may be ten thousand rows.
        """
        environments = {server.environment for server in servers}
        near = Q(environment__in=environments) | Q(inventory__separates_environments=False)
        return (
            self.active()
            .filter(near, inventory__in={server.inventory_id for server in servers})
            .exclude(pk__in=[server.pk for server in servers])
            .defer(*UNSEEN)
        )

    def with_logins(self) -> Self:
        """Servers with a credential, key or connection password of their own.

        Reads the variables of each as text.
        """
        texts = {name: Cast(name, models.TextField()) for name in ("variables", "variable_files")}
        rows = self.alias(**{f"{name}_text": text for name, text in texts.items()})
        return rows.filter(
            Q(credential__isnull=False)
            | ~Q(ssh_key_path="")
            | Q(variables_text__regex=LOGIN_NAMES.pattern)
            | Q(variable_files_text__regex=LOGIN_NAMES.pattern)
        )

    def has_localhost(self, servers: Sequence[Server]) -> bool:
        """Whether localhost is a server like others in the inventory of these."""
        here = self.active().filter(inventory__in={server.inventory_id for server in servers})
        return here.filter(inventory_name__in=LOCALHOST).exists()

    def search(self, text: str) -> Self:
        """Servers whose host name, address or description contains the text; none if it is long.

        A part of it would find others.
        """
        if len(text) > LONGEST_SEARCH:
            return self.none()
        return self.filter(
            Q(hostname__icontains=text)
            | Q(ip_address__icontains=text)
            | Q(description__icontains=text)
            | _in_default_inventory(text)
        )

    def tagged(self, key: str, value: str | None = None) -> Self:
        """Servers with this tag; given a value, those whose tag has or includes that value."""
        if value is None:
            return self.filter(tags__has_key=key)
        text = Cast(KeyTextTransform(key, "tags"), models.TextField())
        in_list = Q(tag__startswith="[", tag__contains=json.dumps(value, ensure_ascii=False))
        return self.alias(tag=text).filter(Q(tag=value) | in_list)

    def with_tag(self, text: str) -> Self:
        """Servers with the tag “role=web”, or “canary” with any value: see tag_texts.py."""
        return self.tagged(*parse_tag(text))


class Server(Owned, HostNames, OwnVariables, HostKeys, Editable):
    inventory = models.ForeignKey(
        Inventory,
        models.RESTRICT,
        default=default_inventory,
        related_name="servers",
        editable=False,
    )
    # What Ansible calls it, as written there.
    inventory_name = InventoryNameField(
        max_length=255, validators=[validate_host_name], editable=False
    )
    # Where it comes from; None: made by hand, or imported once.
    source = models.ForeignKey(
        InventorySource,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="servers",
    )
    # Since when its source no longer has it, and whether it was active until then.
    missing_since = models.DateTimeField(null=True, editable=False)
    was_active = models.BooleanField(default=False, db_default=False, editable=False)
    # Its place in the inventory; those of the same place follow by their keys.
    position = models.IntegerField(default=UNPLACED, db_default=UNPLACED, editable=False)
    hostname = models.CharField(
        max_length=255,
        unique=True,
        help_text="Unique. In the default inventory its name in Ansible, in any other "
        "name@inventory: web1@staging.",
    )
    ip_address = models.CharField(
        "IP address",
        max_length=45,
        blank=True,
        validators=[validate_ipv46_address],
        help_text="IPv4 or IPv6 address that Ansible connects to. Without one, it connects to the "
        "server's name.",
    )
    os_type = models.CharField("OS", max_length=50, blank=True)
    os_version = models.CharField("OS version", max_length=50, blank=True)
    ssh_port = models.IntegerField(
        "SSH port",
        default=22,
        db_default=22,
        validators=[MinValueValidator(1), MaxValueValidator(65535)],
    )
    ssh_user = models.CharField("SSH user", max_length=80, blank=True)
    ssh_key_path = models.CharField(
        "SSH key file",
        max_length=500,
        blank=True,
        validators=[validate_key_path],
        help_text="Private key (mode 0600) in the key folder of every worker.",
    )
    credential = models.ForeignKey(
        Credential,
        models.RESTRICT,
        null=True,
        blank=True,
        related_name="servers",
        help_text="How Ansible logs in. Its SSH key or password replaces the key file.",
    )
    tags = JSONShapeField(
        default=dict,
        db_default={},
        blank=True,
        validators=[validate_tags],
        help_text="To filter by, and to choose servers at a launch: role=web, canary.",
    )
    environment = models.CharField(
        max_length=50,
        default="development",
        db_default="development",
        help_text="Such as development, staging or production.",
    )
    description = DescriptionField(blank=True)
    variables = HostVariablesField(
        default=dict,
        db_default={},
        blank=True,
        validators=[validate_object],
        help_text="Host variables, as in the inventory. Secrets are encrypted.",
    )
    host_key = DescriptionField(
        blank=True,
        validators=[validate_host_key],
        help_text="Public host key (“ssh-ed25519 AAAA…”). If set, no other key is accepted.",
    )
    is_active = models.BooleanField(
        "active", default=True, db_default=True, help_text="Nothing runs on inactive servers."
    )
    created_at = CreatedAtField()
    updated_at = UpdatedAtField()

    objects = ServerQuerySet.as_manager()

    OF_SOURCE = ("hostname", "ip_address", "ssh_port", "ssh_user", "variables")

    class Meta:
        db_table = "servers"
        ordering = ["hostname"]
        permissions = [("check_server", "Can check the connection to servers")]
        indexes = [
            models.Index(fields=["ip_address"], name="idx_servers_ip"),
            models.Index(fields=["is_active", "environment"], name="idx_servers_active_env"),
            models.Index(fields=["sealed_with"], name="idx_servers_sealed_with"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["inventory", "inventory_name"], name="uq_servers_inventory_name"
            ),
            models.CheckConstraint(
                condition=Q(ssh_port__gte=1) & Q(ssh_port__lte=65535), name="ck_servers_ssh_port"
            ),
        ]

    def __str__(self) -> str:
        return self.hostname

    def get_absolute_url(self) -> str:
        return reverse("inventory:server_detail", args=[self.pk])

    def clean_fields(self, exclude: Any = None) -> None:
        self.environment = self.environment.strip().lower()
        self.ip_address = spelled_address(self.ip_address)
        super().clean_fields(exclude)

    @property
    def is_missing(self) -> bool:
        """True if its source no longer has it, and has deactivated it."""
        return self.source_id is not None and self.missing_since is not None

    @property
    def reason_to_keep(self) -> str:
        return "" if self.is_missing else super().reason_to_keep

    def fields_of_source(self) -> tuple[str, ...]:
        """With the columns that its variables name."""
        named = [*self.OF_SOURCE]
        if has_own(self.variables, "ssh_key_path"):
            named.append("ssh_key_path")
        if any(name in self.variables for name in ENVIRONMENT):
            named.append("environment")
        return (*named, *(("is_active",) if self.is_missing else ()))

    def _advice(self) -> str:
        if self.source and self.is_missing:
            return f"{self} is no longer in “{self.source.name}”. Add it there and sync."
        return super()._advice()

    @property
    def is_production(self) -> bool:
        """Whether pages have to warn of it."""
        return is_production_name(self.environment)

    @property
    def is_in_scope(self) -> bool:
        """True if its credential may be used on it, or it has none."""
        return self.credential is None or self.credential.covers(self)

    @property
    def connection_plugin(self) -> Any:
        """What ansible_connection says: its own, else that of its groups; “ssh” by default."""
        graph = self.inventory.graph
        layers = [*graph.layers_for(self.pk), *self.all_variables()]
        given = [each for _source, each in layers if "ansible_connection" in each]
        return without_mark(given[-1]["ansible_connection"]) if given else "ssh"

    @property
    def is_reached_by_ssh(self) -> bool:
        return self.connection_plugin in BY_SSH

    @property
    def is_local(self) -> bool:
        """True if its plays run on the worker itself."""
        return self.connection_plugin in LOCAL

    def key_file(self) -> Path | None:
        """The private key's path on this machine; None if the server has none."""
        if not self.ssh_key_path:
            return None
        return Path(settings.SSH_KEY_ROOT).resolve() / Path(self.ssh_key_path).expanduser()

    def set_tag(self, actor: User, key: str, value: str = "") -> bool:
        """Add a tag, by default without a value. If its value is a list, append to that."""

        def tags(server: Server) -> dict[str, Any]:
            old = server.tags.get(key)
            new: Any = value or True
            if isinstance(old, list):
                new = old if new in old else [*old, new]
            return {**server.tags, key: new}

        return self.edit(actor, tags=tags)

    def remove_tag(self, actor: User, key: str, value: str = "") -> bool:
        """Remove a tag, or only this value of it."""

        def tags(server: Server) -> dict[str, Any]:
            values = values_of(server.tags.get(key))
            rest = [one for one in values if value and value_text(one) != value]
            kept = {name: old for name, old in server.tags.items() if name != key}
            if len(rest) == len(values):
                return server.tags
            return {**kept, key: rest} if rest else kept

        return self.edit(actor, tags=tags)

    def note_system(self, os_type: str, os_version: str) -> None:
        """Fill in the OS if nobody has entered it; recorded like any other edit."""
        if os_type and not self.os_type and not self.os_version:
            self.os_type, self.os_version = os_type, os_version
            self.save(update_fields=["os_type", "os_version", "updated_at"])

    def has_tag(self, text: str) -> bool:
        """True for the tag “web” or “role=web”: see tag_texts.py."""
        return has_tag(self.tags, text)

    def tag_words(self) -> list[tuple[str, str]]:
        """(text, text) for each tag: as `with_tag` finds it, and as pages show it."""
        words = (tag_text(key, one) for key, value in self.tags.items() for one in values_of(value))
        return [(text, text) for text in words]


def _in_default_inventory(text: str) -> Q:
    """“web1@default”: host names there have no such end, but links and people do."""
    name, at, inventory = text.rpartition(AT)
    if not at or not name:
        return Q(pk__in=[])
    default = Inventory.objects.filter(is_default=True).annotate(lower=Lower("name"))
    return Q(hostname__iexact=name, inventory__in=default.filter(lower=inventory.lower()))


def is_production_name(environment: str) -> bool:
    """True if the environment is one of PRODUCTION_ENVIRONMENTS."""
    return environment.lower() in settings.PRODUCTION_ENVIRONMENTS


def is_group_name(value: Any) -> bool:
    """True if a play can name this group as it is: web-servers, eu.west.

    Ansible prefers letters, digits and "_" but accepts these too, and plays written for such a
    group have to find it.
    """
    return isinstance(value, str) and re.fullmatch(r"\w[\w.-]*", value) is not None


def group_name(text: Any) -> str:
    """The text as a valid group name: "us-east 1" becomes us_east_1."""
    return _group_name(str(text))


@lru_cache(maxsize=10_000)  # ten thousand servers have a few dozen groups between them
def _group_name(text: str) -> str:
    name = "".join(character if character.isalnum() else "_" for character in text)
    return f"_{name}" if name[:1].isdigit() else name


def spelled_address(address: str) -> str:
    """The address in canonical form: ssh and host keys compare addresses as text."""
    try:
        return str(ip_address(address.strip()))
    except ValueError:
        return address.strip()
