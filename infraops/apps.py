from django.apps import AppConfig

from console.parts import contribute


class InfraOpsConfig(AppConfig):
    name = "infraops"
    verbose_name = "InfraOps"

    def ready(self) -> None:
        from . import checks  # noqa: F401  (registers itself)
        from .parts import PARTS

        contribute(*PARTS)
