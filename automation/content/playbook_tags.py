"""The tags of a playbook's tasks, roles and plays, to be offered at a launch."""

from collections.abc import Iterator
from typing import Any

LISTS = ("pre_tasks", "roles", "tasks", "post_tasks", "handlers", "block", "rescue", "always")
# These have a meaning of their own in Ansible.
SPECIAL = {"always", "never", "all", "tagged", "untagged"}
MOST = 40
DEEPEST = 20  # nested blocks; a YAML alias may contain itself


def list_playbook_tags(plays: list[dict[str, Any]]) -> list[str]:
    """The tags without duplicates, in the order of the file.

    Tags within roles and included files are unknown; templates are left out.
    """
    found: dict[str, None] = {}
    for play in plays:
        for tag in _tags_of(play, 0):
            if len(found) == MOST:
                break
            found[tag] = None
    return list(found)


def _entries(entry: dict[str, Any], key: str) -> list[Any]:
    each = entry.get(key)
    return each if isinstance(each, list) else []


def _tags_of(entry: Any, depth: int) -> Iterator[str]:
    """The tags of a play, role, block or task, and of everything inside it."""
    if not isinstance(entry, dict) or depth > DEEPEST:
        return
    yield from _written(entry.get("tags"))
    for key in LISTS:
        for inner in _entries(entry, key):
            yield from _tags_of(inner, depth + 1)


def _written(tags: Any) -> Iterator[str]:
    """The tags that can be offered."""
    for tag in each_tag(tags):
        if "{{" not in tag and tag not in SPECIAL and len(tag) <= 100:
            yield tag


def each_tag(tags: Any) -> Iterator[str]:
    """Tags written as a list or comma-separated."""
    for text in tags if isinstance(tags, list) else [tags]:
        for tag in str(text).split(",") if isinstance(text, str | int) else ():
            if tag := tag.strip():
                yield tag
