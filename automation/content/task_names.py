"""The names of a playbook's tasks, and the tags of its guards, as far as they can be known.

Ansible looks for the task to start at among the static ones: those of the playbook, of imported
playbooks, of roles and of imported task files. If one of these cannot be read, the names are
incomplete. Of files and roles included at run time, only the guards count.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from django.core.exceptions import ValidationError

from . import playbook_files
from .imported_playbooks import entries_of
from .playbook_files import (
    MOST_EXAMINED_BYTES,
    find_imported_file,
    locate_file,
    module_name,
    prefix_of,
    root_of,
)
from .playbook_tags import SPECIAL, each_tag

# Limits, in tasks and levels of blocks and files; past one, the names are incomplete.
MOST_TASKS = 2000
DEEPEST = 20
# A play's lists of tasks in the order in which they run; its roles come after the first.
PLAY_LISTS = ("pre_tasks", "roles", "tasks", "post_tasks")
BLOCK_LISTS = ("block", "rescue", "always")
# Other ways to name a task's module: `action: ping`, `local_action: {module: ping}`.
ACTIONS = ("action", "local_action")
INCLUDES = {"include_role", "include_tasks"}
GATHERING = "Gathering Facts"


@dataclass(frozen=True)
class TaskNames:
    """What the tasks of a playbook are called.

    `names` are in play order, without duplicates and templates. `others` also has what else finds
    a task: a template, the module of an unnamed task, "role : task". `is_whole`: none is missing.
    `guard_tags` are other tags of tasks tagged `always`: skipping one of these leaves the task out
    too. Tags of a play, a role or an import count only if that is tagged `always` itself: without
    it, skipping one leaves out the whole, with whatever its guards guard.
    """

    names: tuple[str, ...] = ()
    others: frozenset[str] = frozenset()
    is_whole: bool = False
    guard_tags: frozenset[str] = frozenset()

    def may_have(self, name: str) -> bool:
        """Whether Ansible might find this task; the name may be a pattern."""
        known = {*self.names, *self.others, GATHERING}
        return not self.is_whole or any(fnmatchcase(each, name) for each in known) or name in known

    def close_to(self, name: str) -> str:
        """The most similar name, or ""."""
        by_lower = {each.lower(): each for each in self.names}
        found = get_close_matches(name.lower(), by_lower, n=1)
        return by_lower[found[0]] if found else ""


def read_task_names(file_path: str) -> TaskNames:
    """Read the names of a registered playbook's tasks."""
    walk = _Walk(root_of(file_path))
    for entry in entries_of(file_path, _plays, find_imported_file):
        if entry is None:
            walk.is_whole = False
        elif find_imported_file(entry[1]) is None:
            walk.play(entry[1], Path(entry[0]).parent, file_path)
        else:
            walk.imports(entry[1])
    guard_tags = frozenset(walk.guard_tags - SPECIAL)
    return TaskNames(tuple(walk.names), frozenset(walk.others), walk.is_whole, guard_tags)


def _plays(content: bytes) -> list[dict[str, Any]] | None:
    plays = _read(content)
    is_playbook = isinstance(plays, list) and plays and all(isinstance(p, dict) for p in plays)
    return plays if is_playbook else None


@lru_cache(maxsize=64)
def _read(content: bytes) -> Any:
    """Parse YAML; None if it is too long or invalid. Cached: callers must not change the result."""
    if len(content) > MOST_EXAMINED_BYTES:
        return None
    try:
        return yaml.load(content, Loader=playbook_files.QuickLoader)  # noqa: S506  (a SafeLoader)
    except playbook_files.UNREADABLE:
        return None


class _Walk:
    """Collects names from files below one root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.names: dict[str, None] = {}
        self.others: set[str] = set()
        self.guard_tags: set[str] = set()
        self.is_whole = True
        self._count = 0
        self._inherited: set[str] = set()
        # Each file and role that is included at run time is read once.
        self._included: set[Any] = set()

    def play(self, play: dict[str, Any], folder: Path, file_path: str) -> None:
        beside = f"{prefix_of(file_path)}{folder}"
        with self._tagged(play, is_scope=True):
            for key in PLAY_LISTS:
                for each in _several(play.get(key)):
                    if key == "roles":
                        with self._tagged(each, is_scope=True):
                            self._role(_name_of_role(each), beside, 1)
                    else:
                        self._task(each, beside, beside, "", 1)

    def imports(self, entry: dict[str, Any]) -> None:
        """An `import_playbook`: the plays that it imports follow, and inherit its tags."""
        with self._tagged(entry, is_scope=True):
            pass

    @contextmanager
    def _tagged(self, entry: Any, *, is_scope: bool = False) -> Iterator[None]:
        """Tasks within inherit the entry's tags, as far as they count: see TaskNames."""
        before = self._inherited
        after = before | _tags_of(entry)
        if "always" in after:
            self.guard_tags |= after
        self._inherited = after if not is_scope or "always" in after else before
        yield
        self._inherited = before

    def _task(self, task: Any, playbook_folder: str, folder: str, role: str, depth: int) -> None:
        """Add a task, a block or an import. `role` is the role that contains it, or ""."""
        self._count += 1
        if not isinstance(task, dict) or depth > DEEPEST or self._count > MOST_TASKS:
            self.is_whole = False
            return
        called = {module_name(key): value for key, value in task.items()}
        if any(key in called for key in BLOCK_LISTS):
            with self._tagged(task):
                for key in BLOCK_LISTS:
                    for each in _several(called.get(key)):
                        self._task(each, playbook_folder, folder, role, depth + 1)
            return
        with self._tagged(task, is_scope=True):
            if "import_role" in called:
                self._role(_name_of_role(called["import_role"]), playbook_folder, depth + 1)
            elif "import_tasks" in called:
                name = _name_of_file(called["import_tasks"])
                self._file(folder, name, playbook_folder, role, depth + 1)
            else:
                self._add(task, role)
        # Not within: tasks that are included at run time do not inherit its tags.
        for key in INCLUDES & called.keys():
            self._include(key, called[key], playbook_folder, folder, role, depth + 1)

    def _include(
        self, key: str, given: Any, playbook_folder: str, folder: str, role: str, depth: int
    ) -> None:
        """The guards among tasks that are included at run time: no run can start at one of them."""
        wanted = (key, folder, str(given), frozenset(self._inherited))
        if wanted in self._included:
            return
        self._included.add(wanted)
        inner = _Walk(self.root)
        inner._included, inner._inherited = self._included, self._inherited
        with inner._tagged(given.get("apply") if isinstance(given, dict) else {}, is_scope=True):
            if key == "include_role":
                inner._role(_name_of_role(given), playbook_folder, depth)
            else:
                inner._file(folder, _name_of_file(given), playbook_folder, role, depth)
        self.guard_tags |= inner.guard_tags

    def _add(self, task: dict[Any, Any], role: str) -> None:
        name = task.get("name")
        if isinstance(name, str) and name:
            if "{{" not in name:
                self.names.setdefault(name)
            found = {name}
        else:
            # An unnamed task is called after its module.
            found = self._modules(task)
        self.others |= found | ({f"{role} : {each}" for each in found} if role else set())

    def _modules(self, task: dict[Any, Any]) -> set[str]:
        """What may be the task's module: one of its keys, or the value of `action`."""
        found = {str(key) for key in task}
        for action in filter(None, map(task.get, ACTIONS)):
            module = action.get("module") if isinstance(action, dict) else action
            words = module.split() if isinstance(module, str) else []
            self.is_whole &= bool(words) and "{{" not in words[0]
            found |= set(words[:1])
        return found

    def _role(self, role: str, playbook_folder: str, depth: int) -> None:
        """Add the tasks of a role that lies beside the playbook."""
        folder = f"{playbook_folder}/roles/{role}"
        if not role or self._has_dependencies(folder):
            self.is_whole = False
        if role:
            self._file(f"{folder}/tasks", "main.yml", playbook_folder, role, depth)

    def _has_dependencies(self, folder: str) -> bool:
        """Whether the role may run other roles first."""
        content = self._content(f"{folder}/meta/main.yml")
        meta = _read(content) if content is not None else {}
        return not isinstance(meta, dict) or bool(meta.get("dependencies"))

    def _file(self, folder: str, name: Any, playbook_folder: str, role: str, depth: int) -> None:
        is_plain = isinstance(name, str) and name and "{{" not in name
        content = self._content(f"{folder}/{name}") if is_plain else None
        tasks = _read(content) if content is not None else None
        if not isinstance(tasks, list):
            self.is_whole = False
            return
        below = str(Path(f"{folder}/{name}").parent)
        for task in tasks:
            if not self.is_whole and self._count > MOST_TASKS:
                return
            self._task(task, playbook_folder, below, role, depth)

    @staticmethod
    def _content(file_path: str) -> bytes | None:
        try:
            return locate_file(file_path).read_bytes()
        except (ValidationError, OSError):
            return None


def _name_of_role(role: Any) -> str:
    """The name of a role to look up, or "".

    Empty for templates, roles in collections or by path, and entries with `tasks_from`.
    """
    if isinstance(role, dict):
        role = "" if "tasks_from" in role else role.get("role") or role.get("name")
    return role if isinstance(role, str) and not {"{", "/", "."} & set(role) else ""


def _name_of_file(given: Any) -> Any:
    return given.get("file") if isinstance(given, dict) else given


def _tags_of(entry: Any) -> set[str]:
    return set(each_tag(entry.get("tags"))) if isinstance(entry, dict) else set()


def _several(value: Any) -> Iterator[Any]:
    yield from value if isinstance(value, list) else ()
