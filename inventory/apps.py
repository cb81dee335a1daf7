from django.apps import AppConfig

from console.parts import contribute


class InventoryConfig(AppConfig):
    name = "inventory"

    def ready(self) -> None:
        from .parts import PARTS

        contribute(*PARTS)
