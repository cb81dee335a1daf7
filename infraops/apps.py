from django.apps import AppConfig


class InfraOpsConfig(AppConfig):
    name = "infraops"
    verbose_name = "InfraOps"

    def ready(self) -> None:
        from . import checks  # noqa: F401  (registers itself)
