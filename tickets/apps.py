from django.apps import AppConfig

from console.parts import contribute


class TicketsConfig(AppConfig):
    name = "tickets"

    def ready(self) -> None:
        from . import receivers  # noqa: F401  (connects itself)
        from .parts import PARTS

        contribute(*PARTS)
