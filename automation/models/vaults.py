"""vault_passwords: decrypt the vaulted files and values of a playbook, or of an inventory."""

from __future__ import annotations

from typing import Self

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from inventory.models import Inventory
from schema.encryption import Undecryptable
from schema.fields import CASCADE_ROW, CreatedAtField, EncryptedTextField, UpdatedAtField

from .playbooks import Playbook

validate_vault_id = RegexValidator(
    r"^[A-Za-z0-9_][\w.-]*\Z", "A vault id has letters, digits, “_”, “.” and “-”: prod, team.web."
)


TAKEN = "The {owner} has a password for this vault id already."
ONE_OWNER = "Choose a playbook or an inventory."


class VaultPasswordQuerySet(models.QuerySet["VaultPassword"]):
    def for_run(self, playbook: Playbook, inventory_id: int | None) -> Self:
        """Those that a run of the playbook on the inventory has, the playbook's first."""
        return self.filter(Q(playbook=playbook) | Q(inventory=inventory_id)).order_by(
            F("playbook").desc(nulls_last=True), "vault_id", "pk"
        )


class VaultPassword(models.Model):
    playbook = models.ForeignKey(
        Playbook,
        CASCADE_ROW,
        null=True,
        blank=True,
        related_name="vault_passwords",
        db_index=False,
        help_text="For all runs of this playbook.",
    )
    inventory = models.ForeignKey(
        Inventory,
        CASCADE_ROW,
        null=True,
        blank=True,
        related_name="vault_passwords",
        db_index=False,
        help_text="For all runs on this inventory.",
    )
    vault_id = models.CharField(
        max_length=50,
        default="default",
        db_default="default",
        validators=[validate_vault_id],
        help_text="As given to ansible-vault --vault-id; “default” if none was.",
    )
    password = EncryptedTextField()
    created_at = CreatedAtField()
    updated_at = UpdatedAtField()

    objects = VaultPasswordQuerySet.as_manager()

    SECRETS = ("password",)

    class Meta:
        db_table = "vault_passwords"
        ordering = ["playbook", "vault_id"]
        constraints = [
            models.UniqueConstraint(fields=["playbook", "vault_id"], name="uq_vaultpasswords_id"),
            models.UniqueConstraint(
                fields=["inventory", "vault_id"], name="uq_vaultpasswords_inventory_id"
            ),
            models.CheckConstraint(
                condition=Q(playbook=None, inventory__isnull=False)
                | Q(playbook__isnull=False, inventory=None),
                name="ck_vaultpasswords_one_owner",
                violation_error_message=ONE_OWNER,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.vault_id} of {self.playbook or self.inventory}"

    def get_absolute_url(self) -> str:
        return reverse("admin:automation_vaultpassword_change", args=[self.pk])

    def clean(self) -> None:
        super().clean()
        if (self.playbook_id is None) == (self.inventory_id is None):
            raise ValidationError(ONE_OWNER)
        owner = "playbook" if self.playbook_id else "inventory"
        others = VaultPassword.objects.filter(**{owner: getattr(self, f"{owner}_id")})
        # Databases differ on which names are equal.
        if others.exclude(pk=self.pk).filter(vault_id__iexact=self.vault_id).exists():
            raise ValidationError({"vault_id": [TAKEN.format(owner=owner)]})
        if not self.password:
            raise ValidationError({"password": ["A password is required."]})
        try:
            text = self.opened()
        except Undecryptable:
            raise ValidationError(
                {"password": ["It cannot be decrypted. Enter it again."]}
            ) from None
        if text != text.strip() or "\n" in text:
            # Ansible strips a password file's content, and would then use another password.
            raise ValidationError(
                {"password": ["Must be one line without leading or trailing spaces."]}
            )

    def opened(self) -> str:
        """The decrypted password; only for the run itself. Raises Undecryptable."""
        try:
            return self.password.opened()
        except Undecryptable as error:
            raise Undecryptable(f"The vault password “{self}”: {error}") from None

    @property
    def file_name(self) -> str:
        """Its path in a run's folder."""
        return f"vault/{self.pk}"

    @property
    def secrets_set(self) -> list[str]:
        return [name for name in self.SECRETS if getattr(self, name)]
