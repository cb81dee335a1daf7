"""users: who may log in, and with which role."""

from __future__ import annotations

from itertools import chain, count
from typing import TYPE_CHECKING, Any

from auditlog.context import disable_auditlog
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, models, transaction
from django.urls import reverse

from accounts.permissions import permissions_of
from audit.context import current
from schema.exceptions import Refused
from schema.fields import CreatedAtField, EnumField, UpdatedAtField

if TYPE_CHECKING:
    from .saved_views import SavedView

LAST_ADMIN = "This is the last active admin. Make another user an admin first."

# Reserved (RFC 2606): mail to it goes nowhere.
SYSTEM_DOMAIN = "infraops.invalid"


class LowerCaseCharField(models.CharField):
    """Stores names in lower case: to MySQL, Alice and alice are equal; to SQLite they are not."""

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return value.strip().lower() if isinstance(value, str) else value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = self.get_prep_value(getattr(model_instance, self.attname))
        setattr(model_instance, self.attname, value)
        return value


class LowerCaseEmailField(LowerCaseCharField, models.EmailField):
    """Stores email addresses in lower case."""


class UserManager(BaseUserManager["User"]):
    """People only. The system's own user is not among them; see `system`."""

    def get_queryset(self) -> models.QuerySet[User]:
        return super().get_queryset().filter(is_system=False)

    def system(self) -> User:
        """The actor for what no person did. It cannot log in and has no permissions. One query."""
        known = User._base_manager.filter(is_system=True).first()
        return known or self._make_system()

    def create_user(
        self, username: str, email: str, password: str | None = None, **fields: Any
    ) -> User:
        """Create a user. Names are validated; the password's strength is not."""
        user = self.model(username=username, email=email, **fields)
        user.set_password(password)
        user.full_clean(exclude=["password"])
        user.save(using=self._db)
        return user

    def create_superuser(self, username: str, email: str, password: str, **fields: Any) -> User:
        return self.create_user(username, email, password, role=User.Role.ADMIN, **fields)

    def make_admin(self, user: User, password: str) -> None:
        """Save a new or existing user as an active admin with this password.

        Raises ValidationError ({field: messages}) for an invalid name or address or a weak
        password.
        """
        user.role, user.is_active = User.Role.ADMIN, True
        user.full_clean(exclude=["password"])
        try:
            validate_password(password, user)
        except ValidationError as error:
            raise ValidationError({"password": error.messages}) from None
        user.set_password(password)
        user.must_change_password = False
        user.save(using=self._db)

    def admins(self) -> models.QuerySet[User]:
        """Active admins."""
        return self.filter(role=User.Role.ADMIN, is_active=True)

    def acting_in_terminal(self, username: str | None = None) -> User:
        """The active user of this name, or the first active admin. Raises User.DoesNotExist."""
        wanted = {"username": username} if username else {"role": User.Role.ADMIN}
        return self.filter(is_active=True, **wanted).order_by("id")[:1].get()

    def _make_system(self) -> User:
        """Create it after the tables were flushed; normally a migration has."""
        name = self._free_system_name()
        user = User(username=name, email=f"{name}@{SYSTEM_DOMAIN}", is_system=True, is_active=False)
        user.set_unusable_password()
        try:
            with transaction.atomic(), disable_auditlog():
                user.save(force_insert=True)
        except IntegrityError:  # somebody else has just created it, under the same name
            return User._base_manager.get(is_system=True)
        return user

    def _free_system_name(self) -> str:
        """“system”, unless a person has that name or its address."""
        further = (f"infraops-system-{number}" for number in count(2))
        return next(
            name
            for name in chain(["system", "infraops-system"], further)
            if not self.filter(_answers_to(name)).exists()
        )


def _answers_to(name: str) -> models.Q:
    return models.Q(username=name) | models.Q(email=f"{name}@{SYSTEM_DOMAIN}")


class User(AbstractBaseUser):
    class Role(models.TextChoices):
        ADMIN = "admin", "Admin"
        OPERATOR = "operator", "Operator"
        VIEWER = "viewer", "Viewer"
        AUDITOR = "auditor", "Auditor"

    username = LowerCaseCharField(
        max_length=80, unique=True, validators=[UnicodeUsernameValidator()]
    )
    email = LowerCaseEmailField(max_length=255, unique=True)
    password = models.CharField(max_length=255, db_column="password_hash")
    role = EnumField(choices=Role.choices, default=Role.VIEWER, db_default=Role.VIEWER.value)
    is_active = models.BooleanField(
        "active",
        default=True,
        db_default=True,
        help_text="Inactive users cannot log in.",
    )
    # Somebody else has set the password: it is changed before anything else can be done.
    must_change_password = models.BooleanField(default=False, db_default=False, editable=False)
    # True for one row: the actor for what no person did. A constraint keeps it inactive.
    is_system = models.BooleanField(default=False, db_default=False, editable=False)
    created_at = CreatedAtField()
    updated_at = UpdatedAtField()
    last_login = models.DateTimeField(null=True, blank=True, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["email"]

    class Meta:
        db_table = "users"
        ordering = ["username"]
        indexes = [models.Index(fields=["role"], name="idx_users_role")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(is_system=False) | models.Q(is_active=False),
                name="ck_users_system_inactive",
            )
        ]

    def __str__(self) -> str:
        return self.username

    def get_absolute_url(self) -> str:
        return reverse("admin:accounts_user_change", args=[self.pk])

    def clean_fields(self, exclude: Any = None) -> None:
        # Normalise first: the audit trail is to show what is stored, not what was typed.
        self.username = self.normalize_username(self.username).strip().lower()
        self.email = self.email.strip().lower()
        super().clean_fields(exclude)

    def validate_unique(self, exclude: Any = None) -> None:
        super().validate_unique(exclude)
        # Django searches `objects`, which excludes the system's row.
        system = User._base_manager.filter(is_system=True).exclude(pk=self.pk).first()
        errors = {
            name: [self.unique_error_message(User, (name,))]
            for name in ("username", "email")
            if name not in (exclude or ()) and getattr(self, name) == getattr(system, name, None)
        }
        if errors:
            raise ValidationError(errors)

    def clean(self) -> None:
        super().clean()
        if not self.is_superuser and self.is_last_admin():
            raise ValidationError(LAST_ADMIN)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save. Refuses to demote the last admin, even if two demote each other at once.

        A new password ends all sessions, a deactivation or somebody else's new password also
        revokes all API keys.
        """
        names = kwargs.get("update_fields")
        is_told = names is None or not {"role", "is_active"}.isdisjoint(names)
        # Django sets it in set_password(), but not when it only upgrades a hash.
        has_new_password = self._password is not None  # type: ignore[attr-defined]
        is_new = self._state.adding
        with transaction.atomic(using=kwargs.get("using")):
            if self.pk and is_told and not self.is_superuser and self.is_last_admin():
                raise Refused(LAST_ADMIN)
            super().save(*args, **kwargs)
            if not is_new and is_told and not self.is_active:
                self._end_access("The user was deactivated.")
            elif not is_new and has_new_password:
                self._end_access("The password was changed.")

    @transaction.atomic
    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        if self.is_system:
            raise Refused("The system user cannot be deleted.")
        if self.is_last_admin():
            raise Refused(LAST_ADMIN)
        return super().delete(*args, **kwargs)

    def is_last_admin(self) -> bool:
        """True if there is no other active admin: nobody could manage users.

        In a transaction, waits for anyone else who is changing an admin.
        """
        admins = User.objects.admins()
        if connection.in_atomic_block:
            admins = admins.select_for_update()
        return list(admins.values_list("pk", flat=True)) == [self.pk]

    def set_password_for(self, password: str, actor: User) -> None:
        """Set a password: one's own, or that of somebody who then has to choose another."""
        self.set_password(password)
        self.must_change_password = actor.pk != self.pk

    def _end_access(self, reason: str) -> None:
        """End all sessions. Revoke all API keys too, unless one has changed one's own password."""
        self.sessions.all().drop(self, reason=reason)
        if not self.is_active or getattr(current().user, "pk", None) != self.pk:
            self.api_keys.all().revoke_all(reason)

    def open_views(self, list_name: str) -> models.QuerySet[SavedView]:
        """The saved views of a list that this user may open."""
        return self.saved_views.model.objects.open_to(self).filter(list_name=list_name)

    # Required by the admin and Django's decorators.

    @property
    def is_staff(self) -> bool:
        """Every active user may enter the console; their role decides what they see."""
        return self.is_active

    @property
    def is_superuser(self) -> bool:
        return self.is_active and self.role == self.Role.ADMIN

    def has_perm(self, perm: str, obj: models.Model | None = None) -> bool:
        return self.is_active and perm in permissions_of(self.role)

    def has_perms(self, perm_list: list[str], obj: models.Model | None = None) -> bool:
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        granted = permissions_of(self.role) if self.is_active else frozenset()
        return any(perm.startswith(f"{app_label}.") for perm in granted)
