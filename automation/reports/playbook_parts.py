"""Other files that a playbook names, which its hash does not cover."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from automation.content.playbook_files import module_name, plays_in

# In bytes. Parsing YAML takes ten microseconds per character: longer playbooks are not examined.
LONGEST = 64 * 1024
MOST = 100
DEEPEST = 20  # nested blocks; a YAML alias may contain itself

TASK_LISTS = ("pre_tasks", "tasks", "post_tasks", "handlers", "block", "rescue", "always")
# {module: (what it names, the keys that may hold the name)}.
MODULES = {
    "import_playbook": ("playbook", ("file",)),
    "import_role": ("role", ("name",)),
    "include_role": ("role", ("name",)),
    "import_tasks": ("tasks", ("file",)),
    "include_tasks": ("tasks", ("file",)),
    "include_vars": ("variables", ("file", "dir", "name")),
    "template": ("template", ("src",)),
    "copy": ("file", ("src",)),
    "script": ("script", ("cmd",)),
}


@dataclass(frozen=True)
class PlaybookPart:
    kind: str  # role, tasks, playbook, variables, template, file or script
    name: str  # as written; templates are not evaluated


def list_playbook_parts(content: bytes) -> list[PlaybookPart]:
    """The parts that the file itself names, each once, in order.

    Not included: what its roles name in turn, and group_vars and host_vars, which Ansible finds
    itself.
    """
    if len(content) > LONGEST:
        return []
    found: dict[PlaybookPart, None] = {}
    for play in plays_in(content):
        for part in _of_play(play):
            if len(found) == MOST:
                break
            found[part] = None
    return list(found)


def _of_play(play: dict[str, Any]) -> Iterator[PlaybookPart]:
    yield from _of_task(play, 0)
    for role in _several(play.get("roles")):
        name = (role.get("role") or role.get("name")) if isinstance(role, dict) else role
        yield from _named("role", name)
    for file in _several(play.get("vars_files")):
        for alternative in _several(file):
            yield from _named("variables", alternative)


def _of_task(task: Any, depth: int) -> Iterator[PlaybookPart]:
    """The parts of a task, block or play, all of which contain lists of tasks."""
    if not isinstance(task, dict) or depth > DEEPEST:
        return
    for key, value in task.items():
        name = module_name(key)
        if key in TASK_LISTS:
            for each in _several(value):
                yield from _of_task(each, depth + 1)
        elif name in MODULES:
            kind, places = MODULES[name]
            if isinstance(value, dict):
                value = next((value[place] for place in places if place in value), None)
            yield from _named(kind, value)


def _named(kind: str, name: Any) -> Iterator[PlaybookPart]:
    if isinstance(name, str) and name.strip():
        yield PlaybookPart(kind, name.strip()[:200])


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
