"""Prepare Ansible facts for storage: no secrets, limited size."""

import json
import math
from typing import Any

from schema.fields import has_inexact_number
from schema.secret_names import is_secret

# Environment and boot line of a server may hold secrets, and nobody needs them here.
NEVER_KEPT = {"ansible_env", "env", "ansible_cmdline", "cmdline", "ansible_proc_cmdline"}
MAX_CHARACTERS = 300_000
LEFT_OUT = "infraops_left_out"


def facts_to_keep(facts: dict[str, Any]) -> dict[str, Any]:
    """The facts without secrets, at most MAX_CHARACTERS long.

    If they are too long, the largest ones are dropped and named under `infraops_left_out`.
    """
    clean = _clean(facts)
    sizes = {name: len(json.dumps(value)) for name, value in clean.items()}
    left_out: list[str] = []
    while sizes and sum(sizes.values()) > MAX_CHARACTERS:
        longest = max(sizes, key=lambda name: sizes[name])
        left_out.append(longest)
        del sizes[longest], clean[longest]
    return {**clean, LEFT_OUT: sorted(left_out)} if left_out else clean


def system_of(facts: dict[str, Any]) -> tuple[str, str]:
    """("Debian", "12.5"); empty strings for what the facts do not say."""
    name = facts.get("ansible_distribution") or facts.get("ansible_system") or ""
    return str(name)[:50], str(facts.get("ansible_distribution_version") or "")[:50]


def _clean(value: Any) -> Any:
    """Remove secrets, and anything that JSON in a database cannot hold."""
    if isinstance(value, dict):
        return {
            _clean(str(name)): _clean(item)
            for name, item in value.items()
            if name not in NEVER_KEPT and not is_secret(str(name), item)
        }
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, str):
        return value.replace("\x00", "").encode(errors="replace").decode()
    if has_inexact_number(value):
        return str(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value
