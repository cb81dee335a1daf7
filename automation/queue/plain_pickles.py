"""Pickles without code: django-q2 stores whatever it carries as pickles, which may call anything.

Only plain values and times are read: numbers, texts, lists, tuples, objects of JSON, datetimes.
"""

import io
import pickle
from typing import Any

# What Python's own pickle needs for a datetime with a time zone.
CALLABLE = {("datetime", "datetime"), ("datetime", "timedelta"), ("datetime", "timezone")}


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str) -> Any:
        if (module_name, global_name) in CALLABLE:
            return super().find_class(module_name, global_name)
        raise pickle.UnpicklingError(f"It contains {module_name}.{global_name}.")


def loads(data: bytes) -> Any:
    """Like pickle.loads, for plain values. Raises UnpicklingError for any other object."""
    return _PlainUnpickler(io.BytesIO(data)).load()


class PlainSerializer:
    """For django.core.signing."""

    @staticmethod
    def loads(data: bytes) -> Any:
        return loads(data)
