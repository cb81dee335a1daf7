"""Which apps belong to this project: those whose folders stand beside manage.py."""

from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db.models import Model


def models() -> list[type[Model]]:
    """All our models that have a table, in the order of INSTALLED_APPS."""
    return [
        model
        for config in apps.get_app_configs()
        if Path(config.path).parent == Path(settings.BASE_DIR)
        for model in config.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    ]
