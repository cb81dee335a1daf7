"""A form field for a JSON object: rows of names, types and values, or the JSON itself.

What is typed keeps its type: a row of type text holds "yes" and "1" as texts. A duplicate name is
rejected in rows, JSON and YAML alike. Rows need a script; without it, the form has the JSON.

With marks (MarkedValuesField), each row has a check box for secrets, and the JSON a list of names.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.fields import InvalidJSONInput
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from schema.fields import (
    INEXACT_NUMBER,
    TOO_DEEP,
    ReadableJSONField,
    is_encodable,
    storing_problem,
)
from schema.limits import (
    DEEPEST,
    LONGEST_NUMBER,
    MOST_ROWS,
    first_problems,
    is_deeper,
    quoted,
)
from schema.sealing import MASK

from .plain_yaml import read_yaml, unique_pairs

TYPES = {
    "text": "Text",
    "number": "Number",
    "boolean": "True / false",
    "null": "Null",
    "structure": "List or map",
}
NUMBER = re.compile(r"-?(0|[1-9][0-9]*+)(\.[0-9]++)?([eE][+-]?[0-9]++)?")


@dataclass(frozen=True)
class KeyValue:
    """One row as text; `type` is a key of TYPES."""

    name: str
    type: str
    text: str
    is_secret: bool = False


BLANK = KeyValue("", "text", "")


class KeyValues(list[KeyValue]):
    """Rows that a form has sent, not yet parsed."""


class MarkedText(str):
    """JSON that a form has sent, with the names marked as secret; None: no names were sent."""

    marked: frozenset[str] | None = None


class MarkedValues(dict[str, Any]):
    """An object, with the names in it that are marked as secret; None keeps the marks."""

    marked: frozenset[str] | None = None


class UniqueDecoder(json.JSONDecoder):
    """Raises ValidationError for a duplicate name."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**{**more, "object_pairs_hook": unique_pairs})


def key_values_of(value: dict[str, Any]) -> KeyValues:
    return KeyValues(_row(name, item) for name, item in value.items())


def _row(name: str, value: Any) -> KeyValue:
    if isinstance(value, str):
        return KeyValue(name, "text", value)
    if value is None:
        return KeyValue(name, "null", "")
    if isinstance(value, bool):
        return KeyValue(name, "boolean", json.dumps(value))
    if isinstance(value, int | float):
        return KeyValue(name, "number", json.dumps(value))
    return KeyValue(name, "structure", json.dumps(value, ensure_ascii=False, indent=2))


def read_rows(rows: KeyValues) -> dict[str, Any]:
    """The object for these rows; ignores empty ones.

    Raises ValidationError for all invalid rows.
    """
    pairs, problems = [], []
    for row in rows:
        if not row.name and not row.text.strip():
            continue
        try:
            pairs.append((_read_name(row), _reader(row)(row.text)))
        except ValidationError as error:
            named = quoted(row.name) or row.text[:40]
            problems += [f"{named}: {message}" for message in error.messages]
    if problems:
        raise ValidationError(first_problems(problems))
    return unique_pairs(pairs)


def _read_name(row: KeyValue) -> str:
    if not row.name:
        raise ValidationError("This value needs a name.")
    return row.name


def _reader(row: KeyValue) -> Callable[[str], Any]:
    """Raises ValidationError for a row that did not arrive whole."""
    if row.type not in READERS:
        raise ValidationError("This row did not arrive whole. Choose its type.")
    return READERS[row.type]


def _read_number(text: str) -> int | float:
    text = text.strip()
    if len(text) > LONGEST_NUMBER or not NUMBER.fullmatch(text):
        raise ValidationError("Enter a number, such as 5 or 2.5, or choose Text.")
    number = json.loads(text)
    if not math.isfinite(number):
        raise ValidationError("This number is too large.")
    return number


def _read_boolean(text: str) -> bool:
    word = text.strip().lower()
    if word not in ("true", "false"):
        raise ValidationError("Enter true or false, or choose Text.")
    return word == "true"


def _read_structure(text: str) -> Any:
    """Parse JSON, or otherwise YAML."""
    try:
        value = json.loads(text, cls=UniqueDecoder)
    except json.JSONDecodeError:
        value = read_yaml(text)
    except RecursionError:
        raise ValidationError(TOO_DEEP) from None
    except ValueError:  # a number with thousands of digits
        raise ValidationError(INEXACT_NUMBER) from None
    if not isinstance(value, list | dict):
        raise ValidationError("Enter a list or a map, as YAML or JSON.")
    # Whether whole numbers may be large is for the model to say.
    if (problem := storing_problem(value)) and problem != INEXACT_NUMBER:
        raise ValidationError(problem)
    return value


READERS: dict[str, Callable[[str], Any]] = {
    "text": lambda text: text,
    "number": _read_number,
    "boolean": _read_boolean,
    "null": lambda text: None,
    "structure": _read_structure,
}


class KeyValuesWidget(forms.Widget):
    """Rows, or a text area with the JSON: see static/console/key_values.js."""

    template_name = "console/_key_values.html"
    has_marks = False

    class Media:
        css = {"all": ["console/key_values.css"]}
        js = ["console/key_values.js"]

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """The rows if the script has shown them, otherwise the JSON."""
        if data.get(f"{name}-as") != "rows":
            return self._read_json(data, name)
        lists = (data.getlist(f"{name}-{part}") for part in ("name", "type", "value"))
        marked = {each.strip() for each in data.getlist(f"{name}-mark")}
        return KeyValues(
            KeyValue(row.strip(), kind, text.replace("\r\n", "\n"), row.strip() in marked)
            for row, kind, text in zip_longest(*lists, fillvalue="")
        )

    def _read_json(self, data: Any, name: str) -> Any:
        text, names = data.get(name), data.get(f"{name}-marked")
        if text is None or names is None:
            return text
        return _marked(MarkedText(text), (each.strip() for each in names.split(",")))

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, None, attrs)
        rows, text = (value, "{}") if isinstance(value, KeyValues) else _shown(value)
        marked = getattr(value, "marked", None) or ()
        rows = rows and KeyValues(_with_mark(row, marked) for row in rows)
        named = [row.name for row in rows or () if row.is_secret] if rows else sorted(marked)
        context["widget"] |= {"rows": rows, "text": text, "types": TYPES, "blank": BLANK}
        context["widget"] |= {"has_marks": self.has_marks, "secrets": ", ".join(named)}
        return context

    def _render(self, template_name: str, context: Any, renderer: Any = None) -> SafeString:
        """Render with our templates: the form's own renderer knows only those of installed apps."""
        return render_to_string(template_name, context)


class MarkedValuesWidget(KeyValuesWidget):
    has_marks = True


def _marked(value: Any, names: Iterable[str]) -> Any:
    value.marked = frozenset(filter(None, names))
    return value


def _with_mark(row: KeyValue, marked: Collection[str]) -> KeyValue:
    """The row, marked as secret if it is, or if its value is masked."""
    return replace(row, is_secret=row.is_secret or row.text == MASK or row.name in marked)


def _shown(text: str | None) -> tuple[KeyValues | None, str]:
    """(rows, JSON) for a stored value or for what was sent.

    The rows are None if it is not an object, or contains what a text field would change.
    """
    try:
        value = json.loads(text or "{}", cls=UniqueDecoder)
    except (ValueError, RecursionError, ValidationError):
        return None, text or ""
    if not isinstance(value, dict) or is_deeper(value, DEEPEST):
        return None, text or ""
    written = json.dumps(value, ensure_ascii=False, indent=2)
    if not is_encodable(written):
        return None, json.dumps(value, indent=2)
    return key_values_of(value) if _fits_rows(value, written) else None, written


def _fits_rows(value: dict[str, Any], written: str) -> bool:
    """False if a browser's fields would change it, or if there are too many for one form."""
    is_changed = any(escape in written for escape in ("\\r", "\\u0000"))
    names = all(name and name == " ".join(name.splitlines()).strip() for name in value)
    return names and not is_changed and len(value) <= MOST_ROWS


class KeyValuesField(ReadableJSONField):
    """Takes rows or JSON. The model's field checks the shape."""

    widget_class: type[KeyValuesWidget] = KeyValuesWidget

    def __init__(self, **more: Any) -> None:
        # The admin passes a widget for JSON.
        super().__init__(**{**more, "decoder": UniqueDecoder, "widget": self.widget_class})

    def to_python(self, value: Any) -> Any:
        return read_rows(value) if isinstance(value, KeyValues) else super().to_python(value)

    def bound_data(self, data: Any, initial: Any) -> Any:
        if isinstance(data, KeyValues):
            return data
        try:
            return super().bound_data(data, initial)
        except ValidationError:  # a duplicate name
            return InvalidJSONInput(data)

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, KeyValues) else super().prepare_value(value)


class MarkedValuesField(KeyValuesField):
    """Its value is a MarkedValues, unless it is no object."""

    widget_class = MarkedValuesWidget

    def to_python(self, value: Any) -> Any:
        read = super().to_python(value)
        if isinstance(value, KeyValues):
            return _marked(MarkedValues(read), (row.name for row in value if row.is_secret))
        return _with_marks_of(value, read)

    def bound_data(self, data: Any, initial: Any) -> Any:
        return _with_marks_of(data, super().bound_data(data, initial))

    def prepare_value(self, value: Any) -> Any:
        text = super().prepare_value(value)
        if not isinstance(value, MarkedValues) or value.marked is None:
            return text
        return _marked(MarkedText(text), value.marked)


def _with_marks_of(sent: Any, read: Any) -> Any:
    if isinstance(sent, MarkedText) and isinstance(read, InvalidJSONInput):
        return _marked(read, sent.marked or ())
    if not isinstance(sent, MarkedText) or not isinstance(read, dict):
        return read
    return _marked(MarkedValues(read), sent.marked or ())
