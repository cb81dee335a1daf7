"""What a server's fields may hold. Each raises ValidationError with what to do instead."""

import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError

LABEL = re.compile(r"^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$")
VARIABLE = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")


def validate_hostname(value: str) -> None:
    """Labels of letters, digits, "-" and "_", joined by dots: also safe in Ansible's patterns."""
    if len(value) > 255 or not all(LABEL.match(label) for label in value.split(".")):
        raise ValidationError(
            f"“{value}” is no host name: use letters, digits, “-”, “_” and dots (web1.example.com)."
        )


def validate_key_path(value: str) -> None:
    """Empty, or a file below SSH_KEY_ROOT with symbolic links resolved."""
    if not value:
        return
    root = Path(settings.SSH_KEY_ROOT).resolve()
    path = (root / Path(value).expanduser()).resolve()
    if not path.is_relative_to(root):
        raise ValidationError(f"“{value}” is outside of {root}, where private keys are kept.")


def validate_object(value: Any) -> None:
    if not isinstance(value, dict):
        raise ValidationError('This has to be a JSON object, like {"role": "web"}.')


def validate_variables(value: Any) -> None:
    """A JSON object whose keys Ansible takes as variable names."""
    validate_object(value)
    for name in value:
        if not VARIABLE.match(name):
            raise ValidationError(
                f"“{name}” is no variable name: letters, digits and “_”, not starting with a digit."
            )


def validate_tags(value: Any) -> None:
    """{"role": "web", "groups": ["db"], "canary": true}: text, numbers, booleans or lists of text."""
    validate_object(value)
    for key, item in value.items():
        items = item if isinstance(item, list) else [item]
        if not all(isinstance(one, str | int | float | bool) for one in items):
            raise ValidationError(f"The tag “{key}” has to be a text, a number, yes/no or a list.")
