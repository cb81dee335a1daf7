"""Generates log lines as ansible-playbook prints them, with colours."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from automation.models import JobLog, TaskResult

from .catalogue import Recipe, Step

Level, Status = JobLog.Level, TaskResult.Status
GREEN, YELLOW, CYAN, RED, BRIGHT_RED = "0;32", "0;33", "0;36", "0;31", "1;31"
RECAP = ("ok", "changed", "unreachable", "failed", "skipped", "rescued", "ignored")
RECAP_COLOURS = (GREEN, YELLOW, BRIGHT_RED, RED, CYAN, "1;34", "1;35")


@dataclass(frozen=True)
class Done:
    """What one task did on one server."""

    step: Step
    status: str
    at: datetime
    seconds: float
    message: str = ""


Line = tuple[str, str, datetime]


def lines_of(
    recipe: Recipe, host: str, done: list[Done], began: datetime, ended: datetime | None
) -> Iterator[Line]:
    """(text, level, time) for each line of a job's log; without the recap if it has not ended."""
    yield from _banner(f"PLAY [{recipe.title}]", began)
    for item in done:
        yield from _banner(f"TASK [{item.step.name}]", item.at)
        yield from _result(recipe, host, item)
    if ended is None:
        return
    yield from _banner("PLAY RECAP", ended)
    yield _recap(host, counts_of(done)), Level.INFO, ended
    yield "", Level.INFO, ended


def counts_of(done: list[Done]) -> dict[str, int]:
    """Ansible's recap, in which changed results also count as ok."""
    found = Counter(item.status for item in done)
    found["ok"] += found["changed"]
    return {name: found[name] for name in RECAP}


def job_message(recipe: Recipe, failed: Done, host: str) -> str:
    """The error message in the job's row."""
    place = f"({recipe.file_path}:{failed.step.line})"
    if failed.status == Status.UNREACHABLE:
        return f"{host} was unreachable {place}: {failed.message}"
    return f"Task “{failed.step.name}” failed {place}: {failed.message}"


def _banner(text: str, at: datetime) -> Iterator[Line]:
    yield "", Level.INFO, at
    yield f"{text} {'*' * max(3, 79 - len(text))}", Level.INFO, at


def _result(recipe: Recipe, host: str, done: Done) -> Iterator[Line]:
    if done.status == Status.OK:
        yield _coloured(f"ok: [{host}]", GREEN), Level.INFO, done.at
    elif done.status == Status.CHANGED:
        yield _coloured(f"changed: [{host}]", YELLOW), Level.INFO, done.at
    elif done.status == Status.SKIPPED:
        yield _coloured(f"skipping: [{host}]", CYAN), Level.INFO, done.at
    else:
        yield from _failure(recipe, host, done)


def _failure(recipe: Recipe, host: str, done: Done) -> Iterator[Line]:
    is_lost = done.status == Status.UNREACHABLE
    said, _dash, stderr = done.message.partition(" — ")
    told = {"changed": False, "msg": said, **({"unreachable": True} if is_lost else {})}
    told |= {"rc": 1, "stderr": stderr} if stderr else {}
    word = "UNREACHABLE" if is_lost else "FAILED"
    texts = [f"[ERROR]: Task failed: {done.message}"]
    if not is_lost:
        texts += ["", f"Origin: {recipe.file_path}:{done.step.line}:7", "", *_source(recipe, done)]
    colours = [RED] * len(texts) + [BRIGHT_RED if is_lost else RED]
    texts.append(f"fatal: [{host}]: {word}! => {json.dumps(told)}")
    for text, colour in zip(texts, colours, strict=True):
        yield _coloured(text, colour), Level.ERROR, done.at


def _source(recipe: Recipe, done: Done) -> list[str]:
    lines, number = recipe.text.splitlines(), done.step.line
    shown = [f"{n} {lines[n - 1]}" for n in range(max(1, number - 2), number + 1)]
    return [*shown, f"{' ' * (len(str(number)) + 5)}^ column 5", ""]


def _recap(host: str, counts: dict[str, int]) -> str:
    cells = []
    for name, colour in zip(RECAP, RECAP_COLOURS, strict=True):
        cell = f"{name}={counts[name]:<4}"
        cells.append(_coloured(cell, colour) if counts[name] else cell)
    worst = RED if counts["failed"] or counts["unreachable"] else GREEN
    worst = YELLOW if worst == GREEN and counts["changed"] else worst
    return f"{_coloured(host, worst):<37} : {' '.join(cells)}"


def _coloured(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m"
