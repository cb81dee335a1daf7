"""servers: the machines that playbooks run on; credentials: how Ansible logs in there."""

from __future__ import annotations

import json
import re
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Self, cast

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, validate_ipv46_address
from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.urls import reverse

from schema.encryption import Undecryptable
from schema.fields import (
    CreatedAtField,
    EncryptedJSONField,
    EncryptedTextField,
    JSONShapeField,
    UpdatedAtField,
)

from .facts import kept, system_of
from .ssh_keys import spelled_key, without_passphrase
from .validators import (
    validate_become_method,
    validate_environment,
    validate_host_key,
    validate_hostname,
    validate_key_path,
    validate_login,
    validate_tags,
    validate_variables,
)

# Masked, these would tear every log apart.
TELL_NOTHING = ("true", "false", "yes", "none", "null")


class CredentialQuerySet(models.QuerySet["Credential"]):
    def active(self) -> Self:
        return self.filter(is_active=True)

    def used_for(self, servers: list[Server], named: Credential | None = None) -> Self:
        """Those that a run on these servers needs: the one that it names, or each server's own."""
        own = {server.credential_id for server in servers if server.credential_id}
        return self.filter(pk__in=[named.pk] if named else own)


class Credential(models.Model):
    name = models.CharField(max_length=80, unique=True)
    description = models.TextField(blank=True)
    ssh_user = models.CharField(
        "SSH user",
        max_length=80,
        blank=True,
        validators=[validate_login],
        help_text="Empty: each server's own.",
    )
    ssh_private_key = EncryptedTextField("SSH private key")
    ssh_key_passphrase = EncryptedTextField("passphrase of the key")
    ssh_password = EncryptedTextField("SSH password")
    become_method = models.CharField(
        max_length=80,
        blank=True,
        validators=[validate_become_method],
        help_text="How rights are raised: sudo, su … Empty: as the playbook says.",
    )
    become_user = models.CharField(
        max_length=80,
        blank=True,
        validators=[validate_login],
        help_text="Empty: as the playbook says, else root.",
    )
    become_password = EncryptedTextField("become password")
    environment = EncryptedJSONField("environment variables")
    is_active = models.BooleanField(
        "active", default=True, db_default=True, help_text="Without it, no run can use it."
    )
    created_at = CreatedAtField()
    updated_at = UpdatedAtField()

    objects = CredentialQuerySet.as_manager()

    SECRETS = (
        "ssh_private_key",
        "ssh_key_passphrase",
        "ssh_password",
        "become_password",
        "environment",
    )

    class Meta:
        db_table = "credentials"
        ordering = ["name"]
        permissions = [("use_credential", "Can name a credential at a launch")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("admin:inventory_credential_change", args=[self.pk])

    def clean_fields(self, exclude: Any = None) -> None:
        self.name = self.name.strip()
        super().clean_fields(exclude)

    def clean(self) -> None:
        """The databases differ in what they call equal; and a key that no login can use, or a
        variable that would choose what runs, is told now and not in the middle of a night."""
        super().clean()
        if Credential.objects.filter(name__iexact=self.name).exclude(pk=self.pk).exists():
            raise ValidationError({"name": ["There is a credential of that name already."]})
        try:
            self.open_private_key()
            validate_environment(self.opened_environment())
        except Undecryptable as error:
            raise ValidationError(f"{error} Give its secrets again, or clear them.") from None

    def opened(self, name: str) -> str:
        """One secret in clear, for the run itself and nobody else. Raises Undecryptable."""
        try:
            return getattr(self, name).opened()
        except Undecryptable as error:
            label = self.label_of(name)
            raise Undecryptable(f"The credential “{self}” ({label}): {error}") from None

    @classmethod
    def label_of(cls, name: str) -> str:
        """What people call a secret: “SSH password”."""
        return str(cast(models.Field, cls._meta.get_field(name)).verbose_name)

    def open_private_key(self) -> str:
        """The key without its passphrase; empty if there is none."""
        key, passphrase = self.opened("ssh_private_key"), self.opened("ssh_key_passphrase")
        if passphrase and not key:
            raise ValidationError({"ssh_key_passphrase": ["There is no key for this passphrase."]})
        return without_passphrase(spelled_key(key), passphrase) if key else ""

    def opened_environment(self) -> dict[str, str]:
        return json.loads(self.opened("environment") or "{}")

    def secrets(self) -> list[str]:
        """All that no log may show, in clear."""
        texts = [self.opened(name) for name in self.SECRETS if name != "environment"]
        values = self.opened_environment().values()
        telling = [value for value in values if value.lower() not in TELL_NOTHING]
        return [text for text in (*texts, self.open_private_key(), *telling) if text]

    @property
    def secrets_set(self) -> list[str]:
        """Which secrets it holds, by name."""
        return [name for name in self.SECRETS if getattr(self, name)]

    @property
    def has_ssh_secret(self) -> bool:
        return bool(self.ssh_private_key or self.ssh_password)


class ServerQuerySet(models.QuerySet["Server"]):
    def active(self) -> Self:
        return self.filter(is_active=True)

    def in_environment(self, environment: str) -> Self:
        return self.filter(environment=environment)

    def neighbours_of(self, servers: list[Server]) -> Self:
        """The other active servers of the same environments: plays may name or delegate to them."""
        environments = {server.environment for server in servers}
        return (
            self.active()
            .filter(environment__in=environments)
            .exclude(pk__in=[server.pk for server in servers])
        )

    def search(self, text: str) -> Self:
        """Host name, address or description that contains the text."""
        return self.filter(
            Q(hostname__icontains=text)
            | Q(ip_address__icontains=text)
            | Q(description__icontains=text)
        )

    def tagged(self, key: str, value: str | None = None) -> Self:
        """Servers with this tag; with a value, those where it is that or, as a list, holds it."""
        if value is None:
            return self.filter(tags__has_key=key)
        text = Cast(KeyTextTransform(key, "tags"), models.TextField())
        in_list = Q(tag__startswith="[", tag__contains=json.dumps(value, ensure_ascii=False))
        return self.alias(tag=text).filter(Q(tag=value) | in_list)


class Server(models.Model):
    hostname = models.CharField(
        max_length=255,
        unique=True,
        validators=[validate_hostname],
        help_text="Its name in Ansible's inventory, unique.",
    )
    ip_address = models.CharField(
        "IP address",
        max_length=45,
        validators=[validate_ipv46_address],
        help_text="IPv4 or IPv6: where Ansible connects to.",
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
        help_text="A private key (mode 0600) in the key folder, on every worker.",
    )
    credential = models.ForeignKey(
        Credential,
        models.RESTRICT,
        null=True,
        blank=True,
        related_name="servers",
        help_text="How Ansible logs in. With an SSH key or password, in place of the key file.",
    )
    tags = JSONShapeField(
        default=dict,
        db_default={},
        blank=True,
        validators=[validate_tags],
        help_text='Groups in Ansible: {"role": "web"} puts it into role_web, '
        '{"groups": ["web"]} into web.',
    )
    environment = models.CharField(
        max_length=50,
        default="development",
        db_default="development",
        help_text="development, staging, production …",
    )
    description = models.TextField(blank=True)
    variables = JSONShapeField(
        default=dict,
        db_default={},
        blank=True,
        validators=[validate_variables],
        help_text="Host variables, as in host_vars.",
    )
    host_key = models.TextField(
        blank=True,
        validators=[validate_host_key],
        help_text="The server's public host key (“ssh-ed25519 AAAA…”). "
        "With it, no other key is accepted.",
    )
    is_active = models.BooleanField(
        "active", default=True, db_default=True, help_text="Without it, nothing runs here."
    )
    created_at = CreatedAtField()
    updated_at = UpdatedAtField()

    objects = ServerQuerySet.as_manager()

    class Meta:
        db_table = "servers"
        ordering = ["hostname"]
        permissions = [("check_server", "Can check the connection to servers")]
        indexes = [
            models.Index(fields=["ip_address"], name="idx_servers_ip"),
            models.Index(fields=["is_active", "environment"], name="idx_servers_active_env"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(ssh_port__gte=1) & Q(ssh_port__lte=65535), name="ck_servers_ssh_port"
            )
        ]

    def __str__(self) -> str:
        return self.hostname

    def get_absolute_url(self) -> str:
        return reverse("admin:inventory_server_change", args=[self.pk])

    def clean_fields(self, exclude: Any = None) -> None:
        # One spelling a name: what is unique on MySQL must not differ by case on SQLite.
        self.hostname = self.hostname.strip().lower()
        self.environment = self.environment.strip().lower()
        self.ip_address = spelled(self.ip_address)
        super().clean_fields(exclude)

    def key_file(self) -> Path | None:
        """The private key on this machine, or None when the server names none."""
        if not self.ssh_key_path:
            return None
        return Path(settings.SSH_KEY_ROOT).resolve() / Path(self.ssh_key_path).expanduser()

    def note_system(self, os_type: str, os_version: str) -> None:
        """Fill in what runs there, where nobody has said it; recorded like any other edit."""
        if os_type and not self.os_type and not self.os_version:
            self.os_type, self.os_version = os_type, os_version
            self.save(update_fields=["os_type", "os_version", "updated_at"])

    def groups(self) -> list[str]:
        """Ansible's groups, each once: the environment, those named in `groups`, and one for
        each other tag."""
        names = [group_name(self.environment)]
        for key, value in self.tags.items():
            values = value if isinstance(value, list) else [value]
            if key == "groups":
                names += [one if is_group_name(one) else group_name(one) for one in values]
            elif value is True:
                names.append(group_name(key))
            elif value is not False:
                names += [group_name(f"{key}_{one}") for one in values]
        return list(dict.fromkeys(name for name in names if name))


class ServerFactsQuerySet(models.QuerySet["ServerFacts"]):
    def keep(self, server: Server, facts: dict[str, Any], gathered_at: datetime) -> bool:
        """Make these the server's facts, unless newer ones are there; whether it did.

        What the server's own row leaves open about its system, the first facts fill in.
        """
        new = {"facts": kept(facts), "gathered_at": gathered_at}
        older = self.filter(server=server, gathered_at__lt=gathered_at)
        if not older.update(**new) and not self._created(server, new):
            return False
        server.note_system(*system_of(facts))
        return True

    def _created(self, server: Server, new: dict[str, Any]) -> bool:
        if self.filter(server=server).exists():
            return False
        try:
            with transaction.atomic():
                self.create(server=server, **new)
        except IntegrityError:  # another run was first, at this moment
            return False
        return True


class ServerFacts(models.Model):
    """What Ansible found out about a server when it last gathered facts there."""

    server = models.OneToOneField(Server, models.CASCADE, related_name="facts")
    facts = models.JSONField(default=dict, db_default={})
    gathered_at = models.DateTimeField()

    objects = ServerFactsQuerySet.as_manager()

    class Meta:
        db_table = "server_facts"
        verbose_name = verbose_name_plural = "server facts"

    def __str__(self) -> str:
        return f"Facts of {self.server}"


def is_group_name(value: Any) -> bool:
    """Whether a play can name this group as it stands: web-servers, eu.west.

    Ansible would rather have letters, digits and "_", but takes these too, and plays that were
    written for such a group have to find it.
    """
    return isinstance(value, str) and re.fullmatch(r"\w[\w.-]*", value) is not None


def group_name(text: Any) -> str:
    """The text as a name that Ansible takes for a group: "us-east 1" is us_east_1."""
    name = "".join(character if character.isalnum() else "_" for character in str(text))
    return f"_{name}" if name[:1].isdigit() else name


def spelled(address: str) -> str:
    """One spelling an address: ssh and the host keys compare them as texts."""
    try:
        return str(ip_address(address.strip()))
    except ValueError:
        return address.strip()
