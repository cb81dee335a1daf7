"""inventory_sources: where the servers and groups of an inventory come from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse

from accounts.editing import Editable
from inventory.validators import AT, VARIABLE
from schema.exceptions import Refused
from schema.fields import (
    CreatedAtField,
    EncryptedTextField,
    EnumField,
    JSONShapeField,
    UpdatedAtField,
)
from schema.limits import LONGEST_SEARCH
from schema.paths import locate_below

from .inventories import Inventory, default_inventory
from .source_syncs import SourceSyncs, SyncQuerySet

# Ten days.
LONGEST_INTERVAL = 14_400
# Names that scripts and plugins must not get: they hold secrets of the console itself.
OWN_SECRETS = re.compile(r"SECRET_KEY|ENCRYPTION_KEYS|DATABASE_URL|REDIS_URL|.*AUDIT.*")


def validate_source_path(path: str) -> None:
    """A file or folder below PLAYBOOK_ROOT that is there. Raises ValidationError."""
    try:
        is_there = locate_source(path).exists()
    except OSError as error:  # a part of it is too long
        raise ValidationError(f"“{path}” is not a valid path: {error.strerror}.") from None
    if not is_there:
        raise ValidationError(f"There is no “{path}” in {playbook_root()}.")


def playbook_root() -> Path:
    return Path(settings.PLAYBOOK_ROOT).resolve()


def locate_source(path: str) -> Path:
    """Raises ValidationError if it is outside PLAYBOOK_ROOT, or PLAYBOOK_ROOT itself."""
    found = locate_below(playbook_root(), path)
    if found == playbook_root():
        raise ValidationError("An inventory is a file or a folder in the playbook folder.")
    return found


def validate_environment_names(value: Any) -> None:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValidationError('Enter a list of names, like ["AWS_PROFILE"].')
    for name in value:
        if not VARIABLE.fullmatch(name):
            raise ValidationError(f"“{name}” is not the name of an environment variable.")
        if OWN_SECRETS.fullmatch(name):
            raise ValidationError(f"“{name}” is a setting of the console and never passed on.")


class InventorySourceQuerySet(SyncQuerySet):
    def active(self) -> Self:
        return self.filter(is_active=True)

    def with_owned(self) -> Self:
        """Adds `server_count` and `group_count`."""
        servers, groups = (
            self.model._meta.get_field(name).related_model._default_manager
            for name in ("servers", "groups")
        )
        return self.annotate(
            server_count=_count_of(servers.filter(source=OuterRef("pk"))),
            group_count=_count_of(groups.filter(source=OuterRef("pk"))),
        )

    def of_path(self, path: str) -> Self:
        return self.filter(kind=InventorySource.Kind.PATH, path=path)

    def search(self, text: str) -> Self:
        """Sources whose name or path contains the text; none if it is too long."""
        if len(text) > LONGEST_SEARCH:
            return self.none()
        return self.filter(Q(name__icontains=text) | Q(path__icontains=text))

    def named(self, text: str) -> InventorySource:
        """The source that a person calls “name” or “name@inventory”. Raises Refused."""
        name, at, inventory = text.strip().rpartition(AT)
        found = list(self.filter(name=text.strip()))
        if at and not found:
            found = list(self.filter(name=name, inventory__name=inventory))
        if len(found) > 1:
            forms = ", ".join(f"{each.name}{AT}{each.inventory}" for each in found)
            raise Refused(f"“{text}” is in several inventories: {forms}.")
        if not found:
            raise Refused(f"There is no inventory source “{text}”.")
        return found[0]


class InventorySource(SourceSyncs, Editable):
    """Servers, groups and members name the source that they come from: `source_id`."""

    class Kind(models.TextChoices):
        PATH = "path", "File or folder"
        UPLOAD = "upload", "Upload"

    class Format(models.TextChoices):
        INI = "ini", "INI"
        YAML = "yaml", "YAML"
        TOML = "toml", "TOML"

    class Syncs(models.TextChoices):
        BY_HAND = "by_hand", "By hand"
        ON_CHANGE = "on_change", "When it changes"
        BY_INTERVAL = "by_interval", "At an interval"

    class State(models.TextChoices):
        """Of the last sync. Only the verbs set it."""

        NEW = "new", "Never synced"
        SYNCED = "synced", "Synced"
        FAILED = "failed", "Failed"

    inventory = models.ForeignKey(
        Inventory, models.RESTRICT, default=default_inventory, related_name="sources"
    )
    name = models.CharField(max_length=80, help_text="Unique in its inventory.")
    kind = EnumField(choices=Kind, default=Kind.PATH, db_default=Kind.PATH)
    path = models.CharField(
        max_length=500,
        blank=True,
        help_text="A file, folder, script or plugin configuration in the playbook folder, such as "
        "inventories/production.",
    )
    # May hold secrets, so it is stored encrypted as a whole.
    content = EncryptedTextField("uploaded inventory")
    format = EnumField(choices=Format, blank=True, default="", db_default="")
    environment = models.CharField(
        max_length=50,
        blank=True,
        help_text="Of new servers, such as production. The console's default if empty.",
    )
    pass_environment = JSONShapeField(
        "environment variables",
        default=list,
        db_default=[],
        blank=True,
        validators=[validate_environment_names],
        help_text="Names of the worker's environment variables that its script or plugin may see, "
        "such as cloud credentials.",
    )
    syncs = EnumField(
        "synced",
        choices=Syncs,
        default=Syncs.BY_HAND,
        db_default=Syncs.BY_HAND,
    )
    interval_minutes = models.IntegerField(
        "interval in minutes",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_INTERVAL)],
    )
    # SHA-256 of what the last sync has read completely; "" if anything of it was refused.
    digest = models.CharField(max_length=64, blank=True, editable=False)
    synced_at = models.DateTimeField("last synced", null=True, editable=False)
    state = EnumField(choices=State, default=State.NEW, db_default=State.NEW, editable=False)
    message = models.TextField(blank=True, editable=False)
    is_active = models.BooleanField(
        "active",
        default=True,
        db_default=True,
        help_text="Inactive sources are not synced. What they own stays as it is.",
    )
    created_at = CreatedAtField()
    updated_at = UpdatedAtField()

    objects = InventorySourceQuerySet.as_manager()

    class Meta:
        db_table = "inventory_sources"
        ordering = ["inventory", "name"]
        permissions = [("sync_inventorysource", "Can sync inventory sources")]
        constraints = [
            models.UniqueConstraint(
                fields=["inventory", "name"],
                name="uq_inventory_sources_name",
                violation_error_message="The inventory already has a source of this name.",
            ),
            models.CheckConstraint(
                condition=Q(interval_minutes=None) | Q(interval_minutes__gte=1),
                name="ck_inventory_sources_interval",
                violation_error_message="The interval is at least one minute.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}{self.inventory.suffix}"

    def get_absolute_url(self) -> str:
        return reverse("inventory:source_detail", args=[self.pk])

    def clean_fields(self, exclude: Any = None) -> None:
        self.name, self.path = self.name.strip(), spelled_source(self.path)
        self.environment = self.environment.strip().lower()
        super().clean_fields(exclude)

    def clean(self) -> None:
        if self.pk and InventorySource.objects.exclude(inventory=self.inventory_id).filter(
            pk=self.pk
        ):
            raise ValidationError({"inventory": ["A source stays in its inventory."]})
        if self.kind == self.Kind.PATH:
            self._clean_path()
        else:
            self._clean_upload()
        if self.syncs != self.Syncs.BY_INTERVAL:
            self.interval_minutes = None
        elif not self.interval_minutes:
            raise ValidationError({"interval_minutes": ["Enter the interval in minutes."]})

    def _clean_path(self) -> None:
        self.content, self.format = "", ""
        if not self.path:
            raise ValidationError({"path": ["Enter the path of a file or folder."]})
        try:
            validate_source_path(self.path)
        except ValidationError as error:
            raise ValidationError({"path": error.messages}) from None

    def _clean_upload(self) -> None:
        self.path = ""
        if not self.format:
            raise ValidationError({"format": ["Choose the format of the upload."]})
        if self.syncs != self.Syncs.BY_HAND:
            raise ValidationError({"syncs": ["An upload is only synced by hand."]})
        if not self.content:
            raise ValidationError("Upload an inventory, or paste its text.")

    @property
    def is_upload(self) -> bool:
        """True if it is data that nobody executes."""
        return self.kind == self.Kind.UPLOAD

    def located(self) -> Path:
        """The path of its file or folder. Raises ValidationError if that is outside the root.

        A link is not resolved: group_vars beside it count, and not those beside its target.
        """
        locate_source(self.path)
        return playbook_root() / self.path

    @property
    def advice(self) -> str:
        """For whoever tries to change what it owns."""
        where = "upload a new version" if self.is_upload else f"edit {self.path}"
        return f"belongs to the inventory source “{self.name}”: {where} and sync it"


def _count_of(rows: models.QuerySet[Any]) -> Coalesce:
    """The number of rows as a subquery: joining both tables would multiply them."""
    counted = rows.order_by().values("source").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted), 0)


def spelled_source(path: str) -> str:
    """The path in canonical form: “./inventories//prod” becomes inventories/prod."""
    return Path(path.strip()).as_posix() if path.strip() else ""
