"""A playbook's prompts (`vars_prompt`) as entries of its variables schema: see variables.py.

Nobody can answer while a play runs, so each prompt takes the value from the launch or its default.
A plain default becomes the entry's own. A default that only Ansible can work out stays in the
playbook: a template, a private one, one to be hashed, or prompts that disagree.
"""

from collections.abc import Callable, Iterator
from typing import Any

from django.core.exceptions import ValidationError

from automation.variables import validate_schema

from .playbook_files import OnlyAnsible

TEMPLATES = ("{{", "{%", "{#")
# Besides false itself, what Ansible reads as no.
NO = {"no", "n", "false", "f", "off", "0", "0.0"}
HASHED = (
    "The playbook's prompt hashes this value ({method}), but a launch passes it as entered: "
    "enter the hash."
)

Plays = list[dict[str, Any]]


def schema_of(plays: Plays) -> dict[str, Any]:
    """The schema of the plays' prompts, in order. Skips names that are templates."""
    return {name: _entry(prompts) for name, prompts in _prompts(plays).items()}


def read_schema(plays: Plays) -> dict[str, Any]:
    """The same, validated. Raises ValidationError ({"variables": …}) for forbidden names."""
    schema = schema_of(plays)
    try:
        validate_schema(schema)
    except ValidationError as error:
        said = [f"{each} One of the playbook's prompts has this name." for each in error]
        raise ValidationError({"variables": said}) from None
    return schema


def names_in(plays: Plays) -> list[str]:
    """The variables that the plays ask for."""
    return list(_prompts(plays))


def with_code_left_out(schema: dict[str, Any], read_plays: Callable[[], Plays]) -> dict[str, Any]:
    """The schema, with template defaults of the playbook's own left to the playbook.

    Such entries were made from prompts before `playbook_default` existed. A template that the
    playbook does not have was entered by a person and stays data. Calls `read_plays` only if there
    is a template.
    """
    templates = {name for name, spec in schema.items() if _is_template(spec.get("default"))}
    if not templates:
        return schema
    prompts = _prompts(read_plays())
    own = {
        name: _left_to_playbook(schema[name])
        for name in templates
        if schema[name]["default"] in [str(each.get("default")) for each in prompts.get(name, [])]
    }
    return {name: own.get(name, spec) for name, spec in schema.items()}


def brought_up_to_date(schema: dict[str, Any], plays: Plays) -> dict[str, Any]:
    """The schema after the playbook's file has changed.

    Adds new prompts and updates defaults that were the playbook's own. The rest may have been
    edited and stays.
    """
    asked = read_schema(plays)
    merged = dict(schema)
    for name, entry in asked.items():
        known = schema.get(name)
        if known is None:
            merged[name] = entry
        elif known.get("playbook_default") is not None or _is_template(known.get("default")):
            kept = {key: value for key, value in known.items() if key not in DEFAULTS}
            merged[name] = kept | {key: entry[key] for key in DEFAULTS if key in entry}
    return merged


DEFAULTS = ("default", "playbook_default", "required", "secret")


def _prompts(plays: Plays) -> dict[str, list[dict[str, Any]]]:
    """Prompts by variable name: several plays may ask for the same variable."""
    found: dict[str, list[dict[str, Any]]] = {}
    for prompt in _each(plays):
        name = str(prompt.get("name") or "")
        if name and not _is_template(name):
            found.setdefault(name, []).append(prompt)
    return found


def _each(plays: Plays) -> Iterator[dict[str, Any]]:
    for play in plays:
        prompts = play.get("vars_prompt")
        for prompt in prompts if isinstance(prompts, list) else [prompts]:
            if isinstance(prompt, dict):
                yield prompt


def _entry(prompts: list[dict[str, Any]]) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": "string", "help": _help(prompts[0])}
    if any(_is_on(prompt.get("private", True)) for prompt in prompts):
        entry["secret"] = True
    defaults = [prompt.get("default") for prompt in prompts]
    if None in defaults:
        entry["required"] = True
    elif entry.get("secret") or not _is_plain(prompts):
        entry["playbook_default"] = "" if entry.get("secret") else str(defaults[0])
    else:
        entry["default"] = str(defaults[0])
    return entry


def _help(prompt: dict[str, Any]) -> str:
    text = str(prompt.get("prompt") or "")
    if not (method := prompt.get("encrypt")):
        return text
    return " ".join(filter(None, [text, HASHED.format(method=method)]))


def _is_plain(prompts: list[dict[str, Any]]) -> bool:
    """True if all prompts have the same plain default."""
    defaults = [prompt["default"] for prompt in prompts]
    return (
        len(set(map(str, defaults))) == 1
        and not isinstance(defaults[0], list | dict | OnlyAnsible)
        and not _is_template(defaults[0])
        and not any(prompt.get("encrypt") for prompt in prompts)
    )


def _left_to_playbook(spec: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in spec.items() if key not in ("default", "required")}
    return kept | {"playbook_default": spec["default"]}


def _is_template(value: Any) -> bool:
    return isinstance(value, str) and any(mark in value for mark in TEMPLATES)


def _is_on(value: Any) -> bool:
    return str(value).lower() not in NO
