"""Write extra variables so that Ansible treats them as data.

Ansible evaluates templates in extra variables: `{{ lookup('env', 'SECRET_KEY') }}` would be read on
the worker. The tag `!unsafe` prevents that wherever the values go. It stands once, before the whole
mapping: on a single text it would also make Ansible guess the type, turning "yes" into true.
"""

from typing import Any

import yaml


class _Data(dict):
    """A mapping in which nothing is a template."""


class _Dumper(yaml.SafeDumper):
    pass


_Dumper.add_representer(
    _Data, lambda dumper, values: dumper.represent_mapping("!unsafe", dict(values))
)
# Always quoted, so that every text stays a text.
_Dumper.add_representer(
    str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')
)


def render_variables(values: dict[str, Any]) -> str:
    """YAML for `-e @file`."""
    return yaml.dump(
        _Data(values), Dumper=_Dumper, allow_unicode=True, width=2**20, sort_keys=False
    )
