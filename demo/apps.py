from django.apps import AppConfig

from console.parts import contribute


class DemoConfig(AppConfig):
    name = "demo"
    verbose_name = "Made-up data"

    def ready(self) -> None:
        from .parts import PARTS

        contribute(*PARTS)
