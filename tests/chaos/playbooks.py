"""The playbooks of the load.

Every step prints “<mark> <host> <step>”, and appends that line to the file of marks.
"""

from typing import Any

Play = dict[str, Any]


def written(marks: str) -> dict[str, list[Play]]:
    """{name: plays}."""
    first, second, third = (_step(number, marks) for number in (1, 2, 3))
    slow = [_step(number, marks, pause="1", module="shell") for number in (1, 2, 3, 4)]
    breaks = {"name": "Break", "ansible.builtin.fail": {"msg": "broken on purpose"}}
    of_first = "inventory_hostname == (ansible_play_hosts_all | sort | first)"
    return {
        "steps": [_play(first, _said("one"), second, _said("two"), third, _said("three"))],
        "loops": [_play(_loop(marks), third)],
        "breaks": [_play(first, breaks, second)],
        "breaks_on_one": [_play(first, {**breaks, "when": of_first}, second), _play(third)],
        "talks": [_play(first, _talk(), second)],
        "slow": [_play(*slow)],
        "alone": [_play(first, second)],
    }


def _play(*tasks: dict[str, Any]) -> Play:
    return {"name": "Do", "hosts": "all", "gather_facts": False, "tasks": list(tasks)}


def _step(number: int, marks: str, *, pause: str = "0.2", module: str = "raw") -> dict[str, Any]:
    """A step using `raw`, as real modules take half a second of CPU each time."""
    return {"name": f"Step {number}", f"ansible.builtin.{module}": _left(str(number), marks, pause)}


def _loop(marks: str) -> dict[str, Any]:
    shell = _left("{{ item }}", marks, "0.1")
    return {"name": "Steps in turn", "ansible.builtin.shell": shell, "loop": list("abcd")}


def _left(step: str, marks: str, pause: str) -> str:
    """The line is shorter than a page, so the shell appends it in one write."""
    return f"sleep {pause}; echo '{{{{ mark }}}} {{{{ inventory_hostname }}}} {step}' >> {marks}"


def _said(text: str) -> dict[str, Any]:
    return {"name": f"Say {text}", "ansible.builtin.debug": {"msg": f"said: {text}"}}


def _talk() -> dict[str, Any]:
    return {
        "name": "Talk",
        "ansible.builtin.debug": {"msg": "line {{ item }}"},
        "loop": "{{ range(30) | list }}",
        "loop_control": {"label": "number {{ item }}"},
    }
