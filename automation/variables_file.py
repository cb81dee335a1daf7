"""Writes the variables that people gave, so that Ansible takes them for data.

Ansible evaluates templates in extra variables: `{{ lookup('env', 'SECRET_KEY') }}` would be read
on the worker. Every text is tagged `!unsafe`, which turns that off wherever the value goes.
"""

from typing import Any

import yaml


class _Data(str):
    """A text that is never a template."""


class _Dumper(yaml.SafeDumper):
    pass


_Dumper.add_representer(
    _Data, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text), style='"')
)


def rendered(values: dict[str, Any]) -> str:
    """YAML for `-e @file`."""
    return yaml.dump(_as_data(values), Dumper=_Dumper, allow_unicode=True, width=2**20)


def _as_data(value: Any) -> Any:
    if isinstance(value, str):
        return _Data(value)
    if isinstance(value, dict):
        return {str(key): _as_data(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_data(item) for item in value]
    return value
