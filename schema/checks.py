"""System checks (`manage.py check`) for this app's settings."""

from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from . import encryption


@register("security")
def encryption_keys(**_unused: Any) -> list[CheckMessage]:
    try:
        encryption.decrypt(encryption.encrypt(""))
    except ImproperlyConfigured as error:
        return [Error(str(error), id="schema.E001")]
    return []
