from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class SchemaConfig(AppConfig):
    name = "schema"

    def ready(self) -> None:
        from . import checks  # noqa: F401  (registers itself)

        post_migrate.connect(ensure_foreign_keys, sender=self)


def ensure_foreign_keys(*, using: str, **_unused: Any) -> None:
    from . import foreign_keys

    foreign_keys.ensure(using)
