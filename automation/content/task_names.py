"""The names of a playbook's tasks, as far as they can be known before it runs.

Ansible looks for the task to start at among those that are in the plays from the beginning: in the
playbook, in those that it imports, in roles and in imported task files. What is included while it
runs is not among them. Where one of these files cannot be read, the names are not all.
"""

from collections.abc import Iterator
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
from .playbook_files import find_imported_file, locate_file, root_of

# Longer files are not read, nor more tasks, deeper blocks or longer chains of files.
LONGEST = 128 * 1024
MOST_TASKS = 2000
DEEPEST = 20
# A play's lists of tasks in the order in which they run; its roles come after the first.
PLAY_LISTS = ("pre_tasks", "roles", "tasks", "post_tasks")
BLOCK_LISTS = ("block", "rescue", "always")
GATHERING = "Gathering Facts"
PREFIXES = ("ansible.builtin.", "ansible.legacy.")


@dataclass(frozen=True)
class TaskNames:
    """`names`: in their order, each once, without templates. `others`: what unnamed tasks and the
    tasks of roles are called besides. `is_whole`: there are no tasks but these."""

    names: tuple[str, ...] = ()
    others: frozenset[str] = frozenset()
    is_whole: bool = False

    def may_have(self, name: str) -> bool:
        """Whether Ansible may find a task to start at; the name may be a pattern."""
        known = {*self.names, *self.others, GATHERING}
        return not self.is_whole or any(fnmatchcase(each, name) for each in known) or name in known

    def close_to(self, name: str) -> str:
        """The most similar name, or none."""
        by_lower = {each.lower(): each for each in self.names}
        found = get_close_matches(name.lower(), by_lower, n=1)
        return by_lower[found[0]] if found else ""


def read_task_names(file_path: str) -> TaskNames:
    """Of a registered playbook."""
    walk = _Walk(root_of(file_path))
    for entry in entries_of(file_path, _plays, find_imported_file):
        if entry is None:
            walk.is_whole = False
        elif find_imported_file(entry[1]) is None:
            walk.play(entry[1], Path(entry[0]).parent, file_path)
    return TaskNames(tuple(walk.names), frozenset(walk.others), walk.is_whole)


def _plays(content: bytes) -> list[dict[str, Any]] | None:
    plays = _read(content)
    is_playbook = isinstance(plays, list) and plays and all(isinstance(p, dict) for p in plays)
    return plays if is_playbook else None


@lru_cache(maxsize=64)
def _read(content: bytes) -> Any:
    """None for what is too long or no YAML. Nobody may change it."""
    if len(content) > LONGEST:
        return None
    try:
        return yaml.load(content, Loader=playbook_files.QuickLoader)  # noqa: S506  (a SafeLoader)
    except playbook_files.UNREADABLE:
        return None


class _Walk:
    """Collects the names below one root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.names: dict[str, None] = {}
        self.others: set[str] = set()
        self.is_whole = True
        self._count = 0

    def play(self, play: dict[str, Any], folder: Path, file_path: str) -> None:
        prefix = playbook_files.BUILTIN if file_path.startswith(playbook_files.BUILTIN) else ""
        for key in PLAY_LISTS:
            for each in _several(play.get(key)):
                if key == "roles":
                    self._role(_name_of_role(each), f"{prefix}{folder}", 1)
                else:
                    self._task(each, f"{prefix}{folder}", f"{prefix}{folder}", "", 1)

    def _task(self, task: Any, playbook_folder: str, folder: str, role: str, depth: int) -> None:
        """A task, a block, or an import. `role`: the one that it is in."""
        self._count += 1
        if not isinstance(task, dict) or depth > DEEPEST or self._count > MOST_TASKS:
            self.is_whole = False
            return
        called = {_bare(key): value for key, value in task.items()}
        if any(key in called for key in BLOCK_LISTS):
            for key in BLOCK_LISTS:
                for each in _several(called.get(key)):
                    self._task(each, playbook_folder, folder, role, depth + 1)
            return
        if "import_role" in called:
            self._role(_name_of_role(called["import_role"]), playbook_folder, depth + 1)
        elif "import_tasks" in called:
            name = called["import_tasks"]
            name = name.get("file") if isinstance(name, dict) else name
            self._file(folder, name, playbook_folder, role, depth + 1)
        else:
            self._add(task, role)

    def _add(self, task: dict[Any, Any], role: str) -> None:
        name = task.get("name")
        if isinstance(name, str) and name:
            if "{{" not in name:
                self.names.setdefault(name)
            found = {name}
        else:
            # Unnamed, it is called like its module: one of its keys.
            found = {str(key) for key in task}
        self.others |= found | ({f"{role} : {each}" for each in found} if role else set())

    def _role(self, role: str, playbook_folder: str, depth: int) -> None:
        """Its tasks, where it lies beside the playbook."""
        folder = f"{playbook_folder}/roles/{role}"
        if not role or self._has_dependencies(folder):
            self.is_whole = False
        if role:
            self._file(f"{folder}/tasks", "main.yml", playbook_folder, role, depth)

    def _has_dependencies(self, folder: str) -> bool:
        """Whether it may run other roles first."""
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
    """Empty for one that is known only when it runs, that names other tasks than its main ones, or
    that lies in a collection."""
    if isinstance(role, dict):
        role = "" if "tasks_from" in role else role.get("role") or role.get("name")
    return role if isinstance(role, str) and not {"{", "/", "."} & set(role) else ""


def _several(value: Any) -> Iterator[Any]:
    yield from value if isinstance(value, list) else ()


def _bare(key: Any) -> str:
    text = str(key)
    return next((text.removeprefix(each) for each in PREFIXES if text.startswith(each)), text)
