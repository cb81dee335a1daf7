"""What a playbook asks for: its variables, their types, and the values that people give.

A schema is a JSON object, one entry a variable:

    {"version": {"type": "string", "required": true, "help": "Tag to deploy"},
     "restart": {"type": "boolean", "default": false},
     "colour": {"type": "choice", "choices": ["blue", "green"]},
     "db_password": {"type": "string", "secret": true}}
"""

import difflib
import re
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError

from audit.redaction import MASK
from schema.encryption import decrypt, encrypt

NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")
KEYS = {"type", "default", "required", "choices", "help", "label", "secret"}
# Names that steer Ansible itself: whoever may set them chooses what runs where.
RESERVED = ("ansible_", "infraops_")
ENCRYPTED = "$encrypted"


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


TYPES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "string": (lambda value: isinstance(value, str), "a text"),
    "integer": (_is_integer, "a whole number"),
    "number": (lambda value: _is_integer(value) or isinstance(value, float), "a number"),
    "boolean": (lambda value: isinstance(value, bool), "true or false"),
    "choice": (lambda value: isinstance(value, str | int | float), "one of its choices"),
    "list": (lambda value: isinstance(value, list), "a list"),
    "object": (lambda value: isinstance(value, dict), "an object"),
}


def validate_schema(schema: Any) -> None:
    """ValidationError naming every variable whose entry cannot be used."""
    if not isinstance(schema, dict):
        raise ValidationError("Variables have to be a JSON object: one entry for each variable.")
    errors = [error for name, spec in schema.items() for error in _schema_errors(name, spec)]
    if errors:
        raise ValidationError(errors)


def _schema_errors(name: str, spec: Any) -> list[str]:
    if not NAME.match(name):
        return [f"“{name}” is no variable name."]
    if not isinstance(spec, dict):
        return [f"{name}: its entry has to be an object, like {{“type”: “string”}}."]
    unknown = ", ".join(sorted(spec.keys() - KEYS))
    if unknown:
        return [f"{name}: unknown {unknown}; known are {', '.join(sorted(KEYS))}."]
    kind = spec.get("type", "string")
    if kind not in TYPES:
        return [f"{name}: “{kind}” is no type; types are {', '.join(TYPES)}."]
    choices = spec.get("choices")
    if (kind == "choice") != (isinstance(choices, list) and bool(choices)):
        return [f"{name}: “choices” is a list that is not empty, for the type “choice” only."]
    if spec.get("secret") and (kind != "string" or spec.get("default") is not None):
        return [f"{name}: a secret is a string, and has no default (it would stand here in clear)."]
    if spec.get("default") is not None:
        return [f"{name}: the default {problem}" for problem in _problems(spec, spec["default"])]
    return []


def cleaned(schema: dict[str, Any], given: Any) -> dict[str, Any]:
    """The values to run with: those given and the defaults of the others.

    ValidationError is a dict, {variable: [what is wrong]}. A playbook that declares variables
    takes no others; one that declares none takes any that does not steer Ansible.
    """
    if not isinstance(given, dict):
        raise ValidationError({"extra_vars": ["This has to be an object: {“name”: value}."]})
    errors: dict[str, list[str]] = {}
    for name in given:
        if problem := _name_problem(schema, name):
            errors[str(name)] = [problem]
    for name, spec in schema.items():
        value = given.get(name, spec.get("default"))
        if value in (None, "") and spec.get("required"):
            errors[name] = ["A value is needed."]
        elif value is not None and (problems := _problems(spec, value)):
            errors[name] = [f"This {problem}" for problem in problems]
    if errors:
        raise ValidationError(errors)
    defaults = {name: spec.get("default") for name, spec in schema.items()}
    values = defaults | given
    return {name: value for name, value in values.items() if value is not None}


def _name_problem(schema: dict[str, Any], name: Any) -> str:
    if name in schema:
        return ""
    if not isinstance(name, str) or not NAME.match(name):
        return "This is no variable name: letters, digits and “_”, not starting with a digit."
    if name.startswith(RESERVED):
        return "Variables that steer Ansible itself cannot be given at a launch."
    if schema:
        near = difflib.get_close_matches(name, schema, n=1)
        hint = f" Did you mean “{near[0]}”?" if near else f" It has: {', '.join(schema)}."
        return f"The playbook has no such variable.{hint}"
    return ""


def _problems(spec: dict[str, Any], value: Any) -> list[str]:
    accepts, wanted = TYPES[spec.get("type", "string")]
    if not accepts(value):
        return [f"has to be {wanted}."]
    if "choices" in spec and value not in spec["choices"]:
        return [f"has to be one of {', '.join(map(str, spec['choices']))}."]
    return []


def sealed(schema: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """The same values with those of secret variables encrypted, as they are stored."""
    secret = {name for name, spec in schema.items() if spec.get("secret")}
    return {
        name: {ENCRYPTED: encrypt(value)} if name in secret else value
        for name, value in values.items()
    }


def opened(values: dict[str, Any]) -> dict[str, Any]:
    """Stored values with the secrets in clear: for the run itself and nobody else."""
    return {
        name: decrypt(value[ENCRYPTED]) if is_sealed(value) else value
        for name, value in values.items()
    }


def masked(values: dict[str, Any]) -> dict[str, Any]:
    """Stored values as people may see them."""
    return {name: MASK if is_sealed(value) else value for name, value in values.items()}


def is_sealed(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {ENCRYPTED}


def from_prompts(plays: list[dict[str, Any]]) -> dict[str, Any]:
    """A schema from the playbook's own `vars_prompt`: private prompts are secret."""
    schema: dict[str, Any] = {}
    for play in plays:
        for prompt in play.get("vars_prompt") or []:
            spec: dict[str, Any] = {"type": "string", "help": str(prompt.get("prompt") or "")}
            default = prompt.get("default")
            if prompt.get("private", True):
                spec["secret"] = True
            elif default is not None:
                spec["default"] = str(default)
            if default is None:
                spec["required"] = True
            schema[str(prompt["name"])] = spec
    return schema
