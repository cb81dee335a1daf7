"""The tags that a playbook's own tasks, roles and plays have, to be offered at a launch."""

from collections.abc import Iterator
from typing import Any

LISTS = ("pre_tasks", "roles", "tasks", "post_tasks", "handlers", "block", "rescue", "always")
# What Ansible itself means something by.
SPECIAL = {"always", "never", "all", "tagged", "untagged"}
MOST = 40
DEEPEST = 20  # of blocks in blocks; an alias in YAML may hold itself


def list_playbook_tags(plays: list[dict[str, Any]]) -> list[str]:
    """Each once, in the order of the file. Tags within roles and included files are not known, and
    templates are left out."""
    found: dict[str, None] = {}
    for play in plays:
        for tag in _tags_of(play, 0):
            if len(found) == MOST:
                break
            found[tag] = None
    return list(found)


def _tags_of(entry: Any, depth: int) -> Iterator[str]:
    """Of a play, a role, a block or a task."""
    if not isinstance(entry, dict) or depth > DEEPEST:
        return
    yield from _written(entry.get("tags"))
    for key in LISTS:
        each = entry.get(key)
        for inner in each if isinstance(each, list) else ():
            yield from _tags_of(inner, depth + 1)


def _written(tags: Any) -> Iterator[str]:
    """As a list, or with commas."""
    for text in tags if isinstance(tags, list) else [tags]:
        for tag in str(text).split(",") if isinstance(text, str | int) else ():
            tag = tag.strip()
            if tag and "{{" not in tag and tag not in SPECIAL and len(tag) <= 100:
                yield tag
