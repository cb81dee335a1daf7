from django.apps import AppConfig

from console.parts import contribute


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from . import checks  # noqa: F401  (registers itself)
        from .parts import PARTS

        contribute(*PARTS)
