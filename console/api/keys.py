"""Fields of the API that name other rows by their keys."""

from typing import Any

from rest_framework import serializers


def key_of(model: Any, source: str, help_text: str, **more: Any) -> Any:
    """The key of one row, optional: `server_id` for the attribute `server`, say."""
    return _related(model, help_text, source=source, **more)


def keys_of(model: Any, help_text: str, **more: Any) -> Any:
    """Keys of any number of rows, in their order; optional."""
    return _related(model, help_text, many=True, **more)


def _related(model: Any, help_text: str, **more: Any) -> Any:
    name = model._meta.verbose_name
    return serializers.PrimaryKeyRelatedField(
        queryset=model.objects.all(),
        required=False,
        pk_field=serializers.IntegerField(),
        error_messages={"does_not_exist": f"There is no {name} {{pk_value}}."},
        help_text=help_text,
        **more,
    )
