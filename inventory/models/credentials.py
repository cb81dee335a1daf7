"""credentials: how Ansible logs in to servers, with each secret encrypted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Self, cast

from django.core.exceptions import ValidationError
from django.db import models
from django.urls import reverse

from inventory.ssh_keys import spelled_key, without_passphrase
from inventory.validators import validate_become_method, validate_environment, validate_login
from schema.encryption import Undecryptable
from schema.exceptions import Refused
from schema.fields import (
    CreatedAtField,
    DescriptionField,
    EncryptedJSONField,
    EncryptedTextField,
    UpdatedAtField,
)

from .credential_scope import CredentialScope

if TYPE_CHECKING:
    from accounts.models import User

    from .servers import Server

# Too common to mask: logs would become unreadable.
TELL_NOTHING = ("true", "false", "yes", "none", "null")


class CredentialQuerySet(models.QuerySet["Credential"]):
    def active(self) -> Self:
        return self.filter(is_active=True)

    def usable_by(self, user: User) -> Self:
        """Filters in Python: there are few, and no JSON list lookup works on every database."""
        return self.filter(pk__in=[row.pk for row in self if row.may_be_used_by(user)])

    def used_for(self, servers: list[Server], named: Credential | None = None) -> Self:
        """The credentials that a run on these servers needs: `named`, or each server's own."""
        own = {server.credential_id for server in servers if server.credential_id}
        return self.filter(pk__in=[named.pk] if named else own)

    def refuse_misuse(self, servers: list[Server], named: Credential | None, actor: User) -> None:
        """Check every credential that a run by this actor on these servers needs.

        Raises Refused or PermissionDenied for the first that is inactive or may not be used.
        """
        for credential in self.used_for(servers, named).order_by("pk"):
            if not credential.is_active:
                raise Refused(f"The credential “{credential}” is inactive. Choose another one.")
            its = [server for server in servers if named or server.credential_id == credential.pk]
            credential.refuse_misuse(its, actor)


class Credential(CredentialScope):
    name = models.CharField(max_length=80, unique=True)
    description = DescriptionField(blank=True)
    ssh_user = models.CharField(
        "SSH user",
        max_length=80,
        blank=True,
        validators=[validate_login],
        help_text="Leave empty to use each server's SSH user.",
    )
    ssh_private_key = EncryptedTextField("SSH private key")
    ssh_key_passphrase = EncryptedTextField("key passphrase")
    ssh_password = EncryptedTextField("SSH password")
    become_method = models.CharField(
        max_length=80,
        blank=True,
        validators=[validate_become_method],
        help_text="Such as sudo or su. Leave empty to use the playbook's.",
    )
    become_user = models.CharField(
        max_length=80,
        blank=True,
        validators=[validate_login],
        help_text="Leave empty to use the playbook's, or root.",
    )
    become_password = EncryptedTextField("become password")
    environment = EncryptedJSONField("environment variables")
    is_active = models.BooleanField(
        "active", default=True, db_default=True, help_text="Inactive credentials cannot be used."
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
        # Normalise as servers do.
        if isinstance(self.environments, list):
            self.environments = list(dict.fromkeys(map(_spelled, self.environments)))
        super().clean_fields(exclude)

    def clean(self) -> None:
        """Detect now what would only fail in a run at night: unusable keys, forbidden variables.

        The name is compared here because databases differ on which names are equal.
        """
        super().clean()
        if Credential.objects.filter(name__iexact=self.name).exclude(pk=self.pk).exists():
            raise ValidationError({"name": ["There is already a credential with this name."]})
        try:
            self.open_private_key()
            validate_environment(self.opened_environment())
        except Undecryptable as error:
            raise ValidationError(f"{error} Enter its secrets again, or clear them.") from None

    def opened(self, name: str) -> str:
        """One secret, decrypted; only for the run itself. Raises Undecryptable."""
        try:
            return getattr(self, name).opened()
        except Undecryptable as error:
            label = self.label_of(name)
            raise Undecryptable(f"The credential “{self}” ({label}): {error}") from None

    @classmethod
    def label_of(cls, name: str) -> str:
        """A secret's label, such as “SSH password”."""
        return str(cast(models.Field, cls._meta.get_field(name)).verbose_name)

    def open_private_key(self) -> str:
        """The key without its passphrase; empty if there is none. Raises ValidationError."""
        key, passphrase = self.opened("ssh_private_key"), self.opened("ssh_key_passphrase")
        if passphrase and not key:
            raise ValidationError({"ssh_key_passphrase": ["A passphrase needs a private key."]})
        return without_passphrase(spelled_key(key), passphrase) if key else ""

    def opened_environment(self) -> dict[str, str]:
        return json.loads(self.opened("environment") or "{}")

    def secrets(self) -> list[str]:
        """Everything that logs must not show, decrypted."""
        texts = [self.opened(name) for name in self.SECRETS if name != "environment"]
        values = self.opened_environment().values()
        telling = [value for value in values if value.lower() not in TELL_NOTHING]
        return [text for text in (*texts, self.open_private_key(), *telling) if text]

    @property
    def secrets_set(self) -> list[str]:
        """The names of the secrets that are set."""
        return [name for name in self.SECRETS if getattr(self, name)]

    @property
    def has_ssh_secret(self) -> bool:
        return bool(self.ssh_private_key or self.ssh_password)


def _spelled(name: Any) -> Any:
    return name.strip().lower() if isinstance(name, str) else name
