"""What a playbook asks for: its variables, their types, and the values that people give.

A schema is a JSON object, one entry a variable:

    {"version": {"type": "string", "required": true, "help": "Tag to deploy"},
     "restart": {"type": "boolean", "default": false},
     "colour": {"type": "choice", "choices": ["blue", "green"]},
     "bucket": {"type": "string", "playbook_default": "backup-{{ region }}"},
     "db_password": {"type": "string", "secret": true}}

A `default` is data, like what people type, and is given to the play. A `playbook_default` only says
what the playbook itself takes where nothing is given; it is its author's, so code, and left to it.
"""

import difflib
import json
import re
from collections.abc import Callable, Collection
from typing import Any

from django.core.exceptions import ValidationError

from audit.redaction import MASK, has_mask, is_secret_name, redacted
from inventory.ansible.names import MAGIC, REFUSED
from schema.encryption import decrypt, encrypt
from schema.fields import INEXACT_NUMBER, has_inexact_number

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# What an entry may have; `default` is of the variable's own type.
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
IN_WORDS = {str: "a text", bool: "true or false", list: "a list"}
# Names that steer Ansible itself: whoever may set them chooses what runs where.
RESERVED = ("ansible_", "infraops_")
ENCRYPTED = "$encrypted"
# Of so many problems at a launch all are told: looking for a name that is alike takes time.
MOST_PROBLEMS = 50
# MariaDB's JSON ends at 32 levels, with those around the value.
DEEPEST = 20


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


TYPES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "string": (lambda value: isinstance(value, str), "a text"),
    "integer": (_is_integer, "a whole number"),
    "number": (lambda value: _is_integer(value) or isinstance(value, float), "a number"),
    "boolean": (lambda value: isinstance(value, bool), "true or false"),
    "choice": (lambda value: isinstance(value, str | int | float), "a text or a number"),
    "list": (lambda value: isinstance(value, list), "a list"),
    "object": (lambda value: isinstance(value, dict), "an object"),
}


def validate_schema(schema: Any) -> None:
    """ValidationError naming every variable whose entry cannot be used."""
    if not isinstance(schema, dict):
        raise ValidationError("Variables have to be a JSON object: one entry for each variable.")
    problems = {name: _schema_problem(name, spec) for name, spec in schema.items()}
    if wrong := [f"{name}: {problem}" for name, problem in problems.items() if problem]:
        raise ValidationError(wrong)


def _schema_problem(name: str, spec: Any) -> str:
    """The first thing that is wrong with a variable's entry, or nothing."""
    if not NAME.fullmatch(name):
        return "this is no variable name."
    if name in MAGIC:
        return REFUSED
    if not isinstance(spec, dict):
        return "its entry has to be an object, like {“type”: “string”}."
    if unknown := ", ".join(sorted(spec.keys() - KEYS.keys())):
        return f"unknown {unknown}; known are {', '.join(sorted(KEYS))}."
    for key, wanted in KEYS.items():
        if wanted and not isinstance(spec.get(key), wanted | None):
            return f"“{key}” has to be {IN_WORDS[wanted]}."
    if spec.get("type", "string") not in TYPES:
        return f"“{spec['type']}” is no type; types are {', '.join(TYPES)}."
    return _choices_problem(spec) or _default_problem(spec) or _own_default_problem(spec)


def _choices_problem(spec: dict[str, Any]) -> str:
    choices = spec.get("choices")
    if (spec.get("type") == "choice") != bool(choices):
        return "“choices” is a list that is not empty, for the type “choice” only."
    accepts, wanted = TYPES["choice"]
    return "" if all(map(accepts, choices or [])) else f"each choice has to be {wanted}."


def _default_problem(spec: dict[str, Any]) -> str:
    default = spec.get("default")
    if spec.get("secret") and (spec.get("type", "string") != "string" or default is not None):
        return "a secret is a string, and has no default (it would stand here in clear)."
    problem = "" if default is None else _problem(spec, default)
    if problem:
        return f"the default {problem}"
    return f"the default cannot be kept. {unfit}" if (unfit := _unstorable(default)) else ""


def _own_default_problem(spec: dict[str, Any]) -> str:
    if (own := spec.get("playbook_default")) is None:
        return ""
    if spec.get("default") is not None or spec.get("required"):
        return "with “playbook_default” it has no “default”, and is not “required”."
    if spec.get("type") == "boolean":
        return "a boolean has no “playbook_default”: the launch form always gives yes or no."
    if spec.get("secret") and own:
        return "a secret's “playbook_default” stays empty (it would stand here in clear)."
    return f"“playbook_default” cannot be kept. {unfit}" if (unfit := _unstorable(own)) else ""


def cleaned_values(schema: dict[str, Any], given: Any) -> dict[str, Any]:
    """The values to run with: those given and the defaults of the others.

    ValidationError is a dict, {variable: [what is wrong]}. A playbook that declares variables
    takes no others; one that declares none takes any that does not steer Ansible.
    """
    if not isinstance(given, dict):
        raise ValidationError({"extra_vars": ["This has to be an object: {“name”: value}."]})
    errors: dict[str, list[str]] = {}
    for name, value in given.items():
        if problem := _name_problem(schema, name) or _unstorable(value):
            errors[str(name)] = [problem]
        if len(errors) == MOST_PROBLEMS:
            raise ValidationError(errors)
    defaults = {name: spec.get("default") for name, spec in schema.items()}
    values = {name: value for name, value in (defaults | given).items() if value is not None}
    errors |= {name: [REFUSED] for name in values if name in MAGIC}
    for name, spec in schema.items():
        if spec.get("required") and values.get(name) in (None, ""):
            errors[name] = ["A value is needed."]
        elif name in values and (problem := _problem(spec, values[name])):
            errors.setdefault(name, [f"This {problem}"])
    if errors:
        raise ValidationError(errors)
    return values


def own_defaults(schema: dict[str, Any]) -> list[str]:
    """The names of the variables for which the playbook itself has something."""
    return [name for name, spec in schema.items() if spec.get("playbook_default") is not None]


def _name_problem(schema: dict[str, Any], name: Any) -> str:
    if name in schema:
        return ""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        return "This is no variable name: letters, digits and “_”, not starting with a digit."
    if name.startswith(RESERVED):
        return "Variables that steer Ansible itself cannot be given at a launch."
    if schema:
        near = difflib.get_close_matches(name, schema, n=1)
        hint = f" Did you mean “{near[0]}”?" if near else f" It has: {', '.join(schema)}."
        return f"The playbook has no such variable.{hint}"
    return ""


def _unstorable(value: Any) -> str:
    """What JSON, and so the database, cannot hold; and what stands for a secret, and is none."""
    if _is_deeper(value, DEEPEST):
        return f"This is nested too deeply: {DEEPEST} levels are the most."
    if value == MASK or has_mask(value):
        return "This is the mask that stands for a secret: give the secret itself."
    if is_sealed(value):
        return f"An object with “{ENCRYPTED}” alone is how secrets are stored: give the text."
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError):
        return "This is no JSON: numbers are finite, texts are Unicode, lists are not too deep."
    return INEXACT_NUMBER if has_inexact_number(value) else ""


def _is_deeper(value: Any, levels: int) -> bool:
    """Whether more lists and objects than that lie in each other."""
    if not isinstance(value, list | dict):
        return False
    items = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(item, levels - 1) for item in items)


def _problem(spec: dict[str, Any], value: Any) -> str:
    accepts, wanted = TYPES[spec.get("type", "string")]
    if not accepts(value):
        return f"has to be {wanted}."
    choices = spec.get("choices")
    # Python takes true for 1.
    if choices and not any(value == each and type(value) is type(each) for each in choices):
        return f"has to be one of {', '.join(map(str, choices))}."
    return ""


def sealed(
    schema: dict[str, Any], values: dict[str, Any], secrets: Collection[str] = ()
) -> dict[str, Any]:
    """The same values with the secrets encrypted, as they are stored: those that the schema calls
    so, undeclared texts whose names tell, and texts that are named among `secrets`: what was one
    once stays one."""
    return {
        name: {ENCRYPTED: encrypt(value)}
        if _is_secret(schema, name, value) or (name in secrets and isinstance(value, str))
        else value
        for name, value in values.items()
    }


def _is_secret(schema: dict[str, Any], name: str, value: Any) -> bool:
    if name in schema:
        return bool(schema[name].get("secret"))
    return isinstance(value, str) and is_secret_name(name)


def opened(values: dict[str, Any]) -> dict[str, Any]:
    """Stored values with the secrets in clear: for the run itself and nobody else."""
    return {
        name: decrypt(value[ENCRYPTED]) if is_sealed(value) else value
        for name, value in values.items()
    }


def masked(values: dict[str, Any]) -> dict[str, Any]:
    """Stored values as people may see them."""
    return {name: MASK if is_sealed(value) else redacted(value) for name, value in values.items()}


def as_text(value: Any) -> str:
    """A value as one reads it: a text as it stands, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def is_sealed(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {ENCRYPTED}
