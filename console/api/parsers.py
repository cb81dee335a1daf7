"""Parser for the JSON that clients send."""

import json
from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer

from schema.limits import DEEPEST_BODY, MOST_ITEMS, is_deeper, is_wider

TOO_DEEP = f"The JSON is nested too deeply: at most {DEEPEST_BODY} levels."


class FormRenderer(JSONRenderer):
    """Fills the form of the browsable API with a body that can be sent.

    For a row, what it has; for a new one, the fields that are required. Others would be sent as
    null, which is an error for most of them and means “never” for the end of an API key.
    """

    def render(self, data: Any, media_type: Any = None, renderer_context: Any = None) -> bytes:
        view = renderer_context["view"]
        taken = getattr(view, "takes", {}).get(view.action)
        fields = (taken() if taken else data.serializer).fields.items()
        writable = {name: field for name, field in fields if not field.read_only}
        if data.serializer.instance is None:
            sent = {name: field.get_initial() for name, field in writable.items() if field.required}
        else:
            sent = {name: data[name] for name in writable if name in data}
        return super().render(sent, media_type, renderer_context)


class StorableJSONParser(JSONParser):
    """Rejects JSON that the database could not store, or that would take long to check."""

    renderer_class = FormRenderer

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        try:
            data = super().parse(stream, media_type, parser_context)
            _refuse_large(data)
            json.dumps(data, ensure_ascii=False, allow_nan=False).encode()
        except RecursionError:
            raise ParseError(TOO_DEEP) from None
        except UnicodeEncodeError:
            raise ParseError("The JSON contains a lone surrogate.") from None
        except ValueError:  # 1e400 is infinite in Python
            raise ParseError("The JSON contains a number that is too large.") from None
        return data


def _refuse_large(data: Any) -> None:
    """Raise ParseError. The serializers count unknown fields of the body itself."""
    if is_deeper(data, DEEPEST_BODY):
        raise ParseError(TOO_DEEP)
    if is_wider(data, MOST_ITEMS):
        raise ParseError(f"A list or an object in the JSON has more than {MOST_ITEMS:,} items.")
