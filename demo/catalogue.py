"""The playbooks in catalogue.yml: their rows, their files, and the timing of their tasks."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings

from automation.content.playbook_files import hash_of
from automation.models import Playbook

# Below PLAYBOOK_ROOT, and hidden, so that `import_playbooks` skips it.
FOLDER = ".seed_data"
HEAD = "# Made by `manage.py seed_data`, for trying the console out.\n"
GATHERING = "Gathering Facts"


@dataclass(frozen=True)
class Step:
    """One task, and how likely its results are."""

    name: str
    action: str
    line: int
    seconds: float = 0.5
    changed: float = 0.0
    skipped: float = 0.0
    fails: tuple[str, ...] = ()


@dataclass
class Recipe:
    """One playbook, and how it is used."""

    name: str
    title: str
    description: str
    tags: list[str]
    runs: int
    when: str
    servers: tuple[int, int]
    steps: list[Step]
    roles: list[str] = field(default_factory=list)
    # The play's hosts. If it names the groups of its roles, servers with other roles are skipped.
    hosts: str = "all"
    variables: dict[str, Any] = field(default_factory=dict)
    text: str = ""
    pk: int = 0

    @property
    def file_path(self) -> str:
        return f"{FOLDER}/{self.name}.yml"

    def is_for(self, role: str) -> bool:
        return self.hosts == "all" or role in self.roles

    def row(self, created_at: Any) -> Playbook:
        return Playbook(
            pk=self.pk,
            name=self.title,
            description=self.description,
            file_path=self.file_path,
            file_hash=hash_of(self.text.encode()),
            tags=self.tags,
            variables=self.variables,
            is_exclusive=self.when == "weekly",
            created_at=created_at,
            updated_at=created_at,
        )


@cache
def recipes() -> dict[str, Recipe]:
    """{name: recipe}, in the order of the file."""
    text = Path(__file__).with_name("catalogue.yml").read_text()
    return {name: _recipe(name, told) for name, told in yaml.safe_load(text).items()}


def write_files() -> list[str]:
    """Write missing files below PLAYBOOK_ROOT. Returns the existing ones that differ."""
    folder = Path(settings.PLAYBOOK_ROOT) / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    differing = []
    for recipe in recipes().values():
        file = folder / f"{recipe.name}.yml"
        if not file.exists():
            file.write_text(recipe.text)
        elif file.read_text() != recipe.text:
            differing.append(recipe.file_path)
    return differing


def _recipe(name: str, told: dict[str, Any]) -> Recipe:
    tasks = told.pop("tasks")
    tasks = tasks if isinstance(tasks, list) else _hundred(tasks)
    has_facts = told.pop("facts", False)
    text = _text_of(told["title"], told.get("hosts", "all"), tasks, has_facts)
    steps = [Step(GATHERING, "ansible.builtin.gather_facts", 2, 2.2)] if has_facts else []
    steps += [_step(task, _line_of(text, task["name"])) for task in tasks]
    first, last = told.pop("servers")
    return Recipe(name=name, text=text, steps=steps, servers=(first, last), **told)


def _step(task: dict[str, Any], line: int) -> Step:
    how = {name: value for name, value in task.items() if name not in ("name", "do", "fails")}
    action = next(name for name in task["do"] if "." in name)
    return Step(task["name"], action, line, fails=tuple(task.get("fails", ())), **how)


def _text_of(title: str, hosts: str, tasks: list[dict[str, Any]], has_facts: bool) -> str:
    play = {
        "name": title,
        "hosts": hosts,
        "gather_facts": has_facts,
        "tasks": [{"name": task["name"], **task["do"]} for task in tasks],
    }
    return HEAD + yaml.safe_dump([play], sort_keys=False, width=100)


def _line_of(text: str, task: str) -> int:
    lines = text.splitlines()
    return next(n for n, line in enumerate(lines, 1) if line.strip() == f"- name: {task}")


def _hundred(count: int) -> list[dict[str, Any]]:
    """`count` tasks that set kernel parameters, as in a security baseline."""
    subjects = ("net.ipv4.ip_forward", "vm.swappiness", "fs.file-max", "kernel.kptr_restrict")
    return [
        {
            "name": f"Setting {number:03}, {subjects[number % 4].rpartition('.')[2]}",
            "do": {"ansible.posix.sysctl": {"name": subjects[number % 4], "value": str(number)}},
            "seconds": 0.3,
            "changed": 0.04,
            "skipped": 0.05,
            "fails": [f"Failed to set {subjects[number % 4]}: Read-only file system"],
        }
        for number in range(1, count + 1)
    ]
