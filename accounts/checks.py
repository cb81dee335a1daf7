"""System checks of permission names: nobody would ever have a misspelt permission."""

from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, register

from console.collected import RolePermissions
from console.parts import VisiblePart, parts_of

from .permissions import ROLES


@register()
def check_permissions(**kwargs: Any) -> list[CheckMessage]:
    known = known_permissions()
    return [
        Error(
            f"{part.app} grants the role {role} the permission {permission}, which does not exist.",
            hint="Permissions come from models and their Meta.permissions.",
            id="accounts.E001",
        )
        for part in parts_of(RolePermissions)
        for role in ROLES
        for permission in getattr(part, role)
        if permission not in known
    ]


@register()
def check_asked_permissions(**kwargs: Any) -> list[CheckMessage]:
    known = known_permissions()
    return [
        Error(
            f"{part} requires the permission {part.permission}, which does not exist.",
            hint="No user would ever see it.",
            id="accounts.E002",
        )
        for part in parts_of(VisiblePart)
        if part.permission and part.permission not in known
    ]


def known_permissions() -> set[str]:
    """All permissions that Django derives from models: the four defaults, and those of Meta."""
    known = set()
    for model in apps.get_models():
        app, name = model._meta.app_label, model._meta.model_name
        known |= {f"{app}.{verb}_{name}" for verb in model._meta.default_permissions}
        known |= {f"{app}.{codename}" for codename, _label in model._meta.permissions}
    return known
