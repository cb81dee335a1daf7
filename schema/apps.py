from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class SchemaConfig(AppConfig):
    name = "schema"

    def ready(self) -> None:
        from . import checks  # noqa: F401  (registers itself)

        post_migrate.connect(repair_after_migrate, sender=self)


def repair_after_migrate(*, using: str, **_unused: Any) -> None:
    from . import foreign_keys

    foreign_keys.ensure_foreign_keys(using)
