from django.apps import AppConfig
from django.db.models.signals import post_migrate

from console.parts import contribute


class AutomationConfig(AppConfig):
    name = "automation"

    def ready(self) -> None:
        from . import receivers
        from .parts import PARTS
        from .queue.hardening import harden

        harden()
        post_migrate.connect(receivers.set_up_queue, sender=self)
        contribute(*PARTS)
