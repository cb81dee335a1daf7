"""The variables of a playbook: their declaration, and the values given at a launch.

A schema is a JSON object with an entry per variable:

    {"version": {"type": "string", "required": true, "help": "Tag to deploy"},
     "restart": {"type": "boolean", "default": false},
     "colour": {"type": "choice", "choices": ["blue", "green"]},
     "bucket": {"type": "string", "playbook_default": "backup-{{ region }}"},
     "db_password": {"type": "string", "secret": true}}

A `default` is data, like a typed value, and is passed to the play. A `playbook_default` is only
shown: it is what the playbook itself uses if no value is given. It may contain code and is left to
the playbook.
"""

import difflib
import json
import re
from collections.abc import Callable, Collection
from typing import Any

from django.core.exceptions import ValidationError

from audit.redaction import has_mask, redacted
from inventory.ansible.names import MAGIC, REFUSED
from schema.fields import TOO_DEEP, TOO_LONG, storing_problem
from schema.limits import (
    DEEPEST,
    LONGEST_JSON,
    MOST_VARIABLES,
    NAMED,
    first_problems,
    is_deeper,
    list_some,
    more_words,
    quoted,
)
from schema.sealing import ENCRYPTED, has_sealed, open_sealed, seal_secrets
from schema.secret_names import is_secret_name

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Keys of an entry and their types; `default` has the variable's own type.
KEYS: dict[str, type | None] = {
    "type": str,
    "default": None,
    "playbook_default": str,
    "required": bool,
    "choices": list,
    "help": str,
    "label": str,
    "secret": bool,
}
IN_WORDS = {str: "text", bool: "true or false", list: "a list"}
# Prefixes of names that control Ansible itself: setting them means choosing what runs where.
RESERVED = ("ansible_", "infraops_")
# For problems of the values as a whole.
WHOLE = "extra_vars"
TOO_MANY = f"At most {MOST_VARIABLES:,} variables."
NONE_DECLARED = "It declares none, and accepts undeclared ones only if an admin allows that."
# Comparing longer names with others takes long.
LONGEST_COMPARED = 80


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


TYPES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "string": (lambda value: isinstance(value, str), "text"),
    "integer": (_is_integer, "a whole number"),
    "number": (lambda value: _is_integer(value) or isinstance(value, float), "a number"),
    "boolean": (lambda value: isinstance(value, bool), "true or false"),
    "choice": (lambda value: isinstance(value, str | int | float), "text or a number"),
    "list": (lambda value: isinstance(value, list), "a list"),
    "object": (lambda value: isinstance(value, dict), "an object"),
}


def validate_schema(schema: Any) -> None:
    """Raise ValidationError with every variable whose entry is invalid."""
    if not isinstance(schema, dict):
        raise ValidationError("Variables must be a JSON object with one entry per variable.")
    if len(schema) > MOST_VARIABLES:
        raise ValidationError(TOO_MANY)
    problems = {name: _schema_problem(name, spec) for name, spec in schema.items()}
    if wrong := [f"{quoted(name)}: {problem}" for name, problem in problems.items() if problem]:
        raise ValidationError(first_problems(wrong))


def with_secrets_marked(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema, with each text marked as secret whose name says that it is one.

    Except for those with a default, which anybody can read: their values are encrypted as well, but
    the form shows its field.
    """
    return {
        name: {**spec, "secret": True} if _is_secret_text(name, spec) else spec
        for name, spec in schema.items()
    }


def _is_secret_text(name: str, spec: dict[str, Any]) -> bool:
    is_text = spec.get("type", "string") == "string"
    return is_text and spec.get("default") is None and is_secret_name(name)


def _schema_problem(name: str, spec: Any) -> str:
    """The first problem with a variable's entry, or ""."""
    if not NAME.fullmatch(name):
        return "not a valid variable name."
    if name in MAGIC:
        return REFUSED
    if not isinstance(spec, dict):
        return 'its entry must be an object, like {"type": "string"}.'
    if unknown := sorted(spec.keys() - KEYS.keys()):
        return f"unknown {list_some(unknown)}; known: {', '.join(sorted(KEYS))}."
    for key, wanted in KEYS.items():
        if wanted and not isinstance(spec.get(key), wanted | None):
            return f"“{key}” must be {IN_WORDS[wanted]}."
    if spec.get("type", "string") not in TYPES:
        return f"“{quoted(spec['type'])}” is not a type; types: {', '.join(TYPES)}."
    return _choices_problem(spec) or _default_problem(spec) or _own_default_problem(spec)


def _choices_problem(spec: dict[str, Any]) -> str:
    choices = spec.get("choices")
    if (spec.get("type") == "choice") != bool(choices):
        return "“choices” must be a non-empty list, and is only for the type “choice”."
    accepts, wanted = TYPES["choice"]
    return "" if all(map(accepts, choices or [])) else f"each choice must be {wanted}."


def _default_problem(spec: dict[str, Any]) -> str:
    default = spec.get("default")
    if spec.get("secret") and (spec.get("type", "string") != "string" or default is not None):
        return "a secret must be a string without a default, which would be stored in plain text."
    problem = "" if default is None else _problem(spec, default)
    if problem:
        return f"the default {problem}"
    return f"the default cannot be stored. {unfit}" if (unfit := _unstorable(default)) else ""


def _own_default_problem(spec: dict[str, Any]) -> str:
    if (own := spec.get("playbook_default")) is None:
        return ""
    if spec.get("default") is not None or spec.get("required"):
        return "“playbook_default” cannot be combined with “default” or “required”."
    if spec.get("type") == "boolean":
        return "a boolean cannot have a “playbook_default”: the launch form always sends yes or no."
    if spec.get("secret") and own:
        return "a secret's “playbook_default” must be empty, as it would be stored in plain text."
    return f"“playbook_default” cannot be stored. {unfit}" if (unfit := _unstorable(own)) else ""


def cleaned_values(
    schema: dict[str, Any], given: Any, extra: Collection[str] | None = ()
) -> dict[str, Any]:
    """The values to run with: those given, and the defaults of the others.

    `extra` are names that may be given besides those of the schema; None: any that do not control
    Ansible itself. Raises ValidationError, {variable: [what is wrong]}.
    """
    if not isinstance(given, dict):
        raise ValidationError({WHOLE: ['This must be an object: {"name": value}.']})
    if len(given) > MOST_VARIABLES:
        raise ValidationError({WHOLE: [TOO_MANY]})
    errors: dict[str, list[str]] = {}
    for name, value in given.items():
        is_named = len(errors) < NAMED
        problem = _name_problem(schema, name, extra, is_named=is_named) or _unstorable(value)
        if problem:
            errors[str(name)] = [problem]
    defaults = {name: spec.get("default") for name, spec in schema.items()}
    values = {name: value for name, value in (defaults | given).items() if value is not None}
    errors |= {name: [REFUSED] for name in values if name in MAGIC}
    for name, spec in schema.items():
        if spec.get("required") and values.get(name) in (None, ""):
            errors[name] = ["A value is required."]
        elif name in values and (problem := _problem(spec, values[name])):
            errors.setdefault(name, [f"This {problem}"])
    if not errors and len(json.dumps(values, ensure_ascii=False)) > LONGEST_JSON:
        errors = {WHOLE: [TOO_LONG]}
    if errors:
        more = more_words(len(errors) - NAMED)
        first = dict(list(errors.items())[:NAMED])
        raise ValidationError(first | ({WHOLE: more} if more else {}))
    return values


def own_defaults(schema: dict[str, Any]) -> list[str]:
    """The names of variables for which the playbook has a default of its own."""
    return [name for name, spec in schema.items() if spec.get("playbook_default") is not None]


def _name_problem(
    schema: dict[str, Any], name: Any, extra: Collection[str] | None, *, is_named: bool
) -> str:
    """What is wrong with a variable's name; without a suggestion if it will not be named."""
    if name in schema:
        return ""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        return "Not a variable name: use letters, digits and “_”, not starting with a digit."
    if name.startswith(RESERVED):
        return "Variables that control Ansible itself cannot be set at a launch."
    if extra is None or name in extra:
        return ""
    near = _most_similar(name, schema) if is_named else ""
    known = f" It has: {list_some([*schema])}." if schema else f" {NONE_DECLARED}"
    hint = f" Did you mean “{near}”?" if near else known
    return f"The playbook has no such variable.{hint}"


def _most_similar(name: str, schema: dict[str, Any]) -> str:
    """The declared variable with the most similar name, or ""."""
    if len(name) > LONGEST_COMPARED:
        return ""
    known = [each for each in schema if len(each) <= LONGEST_COMPARED]
    return next(iter(difflib.get_close_matches(name, known, n=1)), "")


def _unstorable(value: Any) -> str:
    """Why the value cannot be stored, or stands for a secret without being one; "" if it can."""
    if is_deeper(value, DEEPEST):
        return TOO_DEEP
    if has_mask(value):
        return "This is the mask of a stored secret: enter the secret itself."
    if has_sealed(value):
        return f"An object with “{ENCRYPTED}” alone is how secrets are stored: enter the text."
    return storing_problem(value)


def _problem(spec: dict[str, Any], value: Any) -> str:
    accepts, wanted = TYPES[spec.get("type", "string")]
    if not accepts(value):
        return f"must be {wanted}."
    choices = spec.get("choices")
    # To Python, true equals 1.
    if choices and not any(value == each and type(value) is type(each) for each in choices):
        return f"must be one of {list_some([*map(str, choices)])}."
    return ""


def sealed(
    schema: dict[str, Any], values: dict[str, Any], secrets: Collection[str] = ()
) -> dict[str, Any]:
    """The values for storage, with secrets encrypted.

    Secrets are variables that the schema declares so, those with secret-sounding names, declared or
    not, values with such names inside others, and those named in `secrets`: once secret, always
    secret. A default stays readable, as it is in the schema.
    """
    marked = {name for name in values if schema.get(name, {}).get("secret")}
    marked |= {name for name in secrets if values.get(name) is not None}
    looked_into = {
        name: value
        for name, value in values.items()
        if name in marked or value != schema.get(name, {}).get("default")
    }
    return values | seal_secrets(looked_into, marked)


def opened(values: dict[str, Any]) -> dict[str, Any]:
    """Stored values with secrets decrypted; only for the run itself."""
    return open_sealed(values)


def masked(values: dict[str, Any]) -> dict[str, Any]:
    """Stored values for display, with secrets masked."""
    return redacted(values)


def as_text(value: Any) -> str:
    """A value for display: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
