from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from console.parts import contribute

from . import triggers


def restore_after_migrate(using: str, **kwargs: Any) -> None:
    """Create the triggers, which SQLite loses whenever a migration rebuilds the table."""
    triggers.ensure_triggers(using)


class AuditConfig(AppConfig):
    name = "audit"
    verbose_name = "Audit trail"

    def ready(self) -> None:
        from . import receivers  # noqa: F401  (connects itself)
        from .parts import PARTS

        post_migrate.connect(restore_after_migrate, sender=self)
        contribute(*PARTS)
