"""How a server's facts look on a page."""

import json
from typing import Any

from django import template

register = template.Library()

# The facts that one asks for first, and what to call them.
HEADLINES = {
    "ansible_distribution": "System",
    "ansible_distribution_version": "Version",
    "ansible_kernel": "Kernel",
    "ansible_architecture": "Architecture",
    "ansible_processor_vcpus": "Processors",
    "ansible_memtotal_mb": "Memory (MB)",
    "ansible_virtualization_type": "Virtualization",
    "ansible_fqdn": "FQDN",
    "ansible_python_version": "Python",
}


@register.filter
def headlines(facts: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(words, facts[name]) for name, words in HEADLINES.items() if facts.get(name)]


@register.filter
def as_json(value: Any) -> str:
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)
