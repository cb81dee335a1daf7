"""Run several checks of a row, and report all that they find."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError


def collect_problems(*checks: Callable[[], None]) -> None:
    """Run every check; raise one ValidationError with what they all found ({field: messages})."""
    problems: dict[str, Any] = {}
    for check in checks:
        try:
            check()
        except ValidationError as error:
            problems = error.update_error_dict(problems)
    if problems:
        raise ValidationError(problems)
