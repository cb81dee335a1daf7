from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AutomationConfig(AppConfig):
    name = "automation"

    def ready(self) -> None:
        from . import receivers

        post_migrate.connect(receivers.set_up_queue, sender=self)
