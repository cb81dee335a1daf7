from django.apps import AppConfig
from django.db.models.signals import post_migrate

from console.parts import contribute


class InventoryConfig(AppConfig):
    name = "inventory"

    def ready(self) -> None:
        from . import receivers  # noqa: F401  (connects itself)
        from .models.inventories import keep_default_inventory
        from .parts import PARTS

        contribute(*PARTS)
        post_migrate.connect(keep_default_inventory, sender=self)
