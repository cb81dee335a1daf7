from django.apps import AppConfig

from console.parts import contribute


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from . import checks, receivers  # noqa: F401  (register themselves)
        from .parts import PARTS

        contribute(*PARTS)
