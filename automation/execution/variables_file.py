"""Writes the variables that people gave, so that Ansible takes them for data.

Ansible evaluates templates in extra variables: `{{ lookup('env', 'SECRET_KEY') }}` would be read
on the worker. The tag `!unsafe` turns that off wherever the values go. It stands once, before the
whole: on a text of its own it would also make Ansible guess its type, and "yes" become true.
"""

from typing import Any

import yaml


class _Data(dict):
    """An object in which nothing is a template."""


class _Dumper(yaml.SafeDumper):
    pass


_Dumper.add_representer(
    _Data, lambda dumper, values: dumper.represent_mapping("!unsafe", dict(values))
)
# In quotes, always: whatever a text looks like, it stays one.
_Dumper.add_representer(
    str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')
)


def render_variables(values: dict[str, Any]) -> str:
    """YAML for `-e @file`."""
    return yaml.dump(
        _Data(values), Dumper=_Dumper, allow_unicode=True, width=2**20, sort_keys=False
    )
