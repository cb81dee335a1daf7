"""Reads what a client sends to the API."""

import json
from typing import Any

from django.conf import settings
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser


class TooLarge(APIException):
    status_code = 413
    default_detail = "The body is too large."


class BoundedJSONParser(JSONParser):
    """JSON that the database can hold as well, and no more of it than DATA_UPLOAD_MAX_MEMORY_SIZE.

    DRF reads a body itself and so passes Django's own limit by.
    """

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if int(parser_context["request"].META.get("CONTENT_LENGTH") or 0) > limit:
            raise TooLarge(f"The body is larger than {limit} bytes.")
        try:
            data = super().parse(stream, media_type, parser_context)
            json.dumps(data, ensure_ascii=False).encode()
        except RecursionError:
            raise ParseError("The JSON is nested too deeply.") from None
        except UnicodeEncodeError:
            raise ParseError("The JSON holds half of a surrogate pair.") from None
        return data
