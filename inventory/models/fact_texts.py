"""Conditions on facts as text: ansible_memtotal_mb>=4096, distribution=Debian, ansible_lvm."""

import json
import math
import re
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError

FACT_EXAMPLES = "distribution=Debian or memtotal_mb>=4096"
PREFIX = "ansible_"
FORM = re.compile(r"(\w[\w.-]*+)(?:\s*+(!=|>=|<=|=)\s*+(.*))?", re.DOTALL)


class Fact(NamedTuple):
    """`path` leads to the fact; `operator` is "", "=", "!=", ">=" or "<="."""

    path: list[str]
    operator: str
    value: str

    @property
    def number(self) -> float:
        return float(self.value)

    @property
    def values(self) -> list[Any]:
        """The JSON values that the text may stand for: 12 and "12", true and "true"."""
        try:
            read = json.loads(self.value)
        except (ValueError, RecursionError):
            return [self.value]
        is_plain = isinstance(read, bool | int | float) and math.isfinite(read)
        return [self.value, read] if is_plain else [self.value]


def parse_fact(text: str) -> Fact:
    """The parts of a condition; “ansible_” may be left out. Raises ValidationError.

    Dots lead into a fact: default_ipv4.interface=eth0.
    """
    found = FORM.fullmatch(text.strip())
    if found is None:
        raise ValidationError(f"“{text[:80]}” is not a condition such as {FACT_EXAMPLES}.")
    name, operator, value = found[1], found[2] or "", (found[3] or "").strip()
    path = [part for part in name.split(".") if part]
    if not path[0].startswith(PREFIX):
        path[0] = f"{PREFIX}{path[0]}"
    fact = Fact(path, operator, value)
    if operator in (">=", "<=") and not _is_number(value):
        raise ValidationError(f"“{text[:80]}”: {operator} needs a number.")
    return fact


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
