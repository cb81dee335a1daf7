"""vault_passwords: decrypt a playbook's vaulted files and strings."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.urls import reverse

from schema.encryption import Undecryptable
from schema.fields import CreatedAtField, EncryptedTextField, UpdatedAtField

from .playbooks import Playbook

validate_vault_id = RegexValidator(
    r"^[A-Za-z0-9_][\w.-]*\Z", "A vault id has letters, digits, “_”, “.” and “-”: prod, team.web."
)


TAKEN = "The playbook has a password for this vault id already."


class VaultPassword(models.Model):
    playbook = models.ForeignKey(
        Playbook, models.CASCADE, related_name="vault_passwords", db_index=False
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

    SECRETS = ("password",)

    class Meta:
        db_table = "vault_passwords"
        ordering = ["playbook", "vault_id"]
        constraints = [
            models.UniqueConstraint(fields=["playbook", "vault_id"], name="uq_vaultpasswords_id")
        ]

    def __str__(self) -> str:
        return f"{self.vault_id} of {self.playbook}"

    def get_absolute_url(self) -> str:
        return reverse("admin:automation_vaultpassword_change", args=[self.pk])

    def clean(self) -> None:
        super().clean()
        others = VaultPassword.objects.filter(playbook=self.playbook_id).exclude(pk=self.pk)
        # Databases differ on which names are equal.
        if others.filter(vault_id__iexact=self.vault_id).exists():
            raise ValidationError({"vault_id": [TAKEN]})
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
