"""Simulates how a playbook went on one server."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from automation.models import Job, TaskResult
from inventory.models import Server

from . import printing
from .catalogue import Recipe, Step
from .printing import Done
from .world import World

Kind, Status = Job.FailureKind, TaskResult.Status
# Probability per job on an ordinary server of a failed task and of being unreachable, and the
# factor for bad servers.
TASK_FAILS, IS_LOST, FLAKY = 0.028, 0.011, 10
# One server in BAD_SERVER is bad; on one day in BAD_DAY, everything goes badly in the afternoon.
BAD_SERVER, BAD_DAY = 37, 9
TIMED_OUT = (
    "Failed to connect to the host via ssh: ssh: connect to host {address} port {port}: "
    "Connection timed out"
)
REFUSED = TIMED_OUT.replace("Connection timed out", "Connection refused")
DENIED = "Failed to connect to the host via ssh: {user}@{address}: Permission denied (publickey)."


@dataclass
class Past:
    """The simulated course of one job."""

    status: str
    ended: datetime
    done: list[Done] = field(default_factory=list)
    kind: str = ""
    failed_task: str = ""
    failed_place: str = ""
    message: str = ""


def simulate_job(
    world: World, recipe: Recipe, server: Server, at: datetime, *, must_fail: bool = False
) -> Past:
    """Simulate task after task, until one fails."""
    factor = _factor(server, at)
    if not must_fail and world.happens(IS_LOST * factor):
        return _unreachable(world, recipe, server, at)
    fails = must_fail or world.happens(TASK_FAILS * factor)
    failing = _failing_step(world, recipe) if fails else None
    done: list[Done] = []
    for step in recipe.steps:
        seconds = round(world.about(step.seconds), 3)
        if step is failing:
            done.append(Done(step, Status.FAILED, at, seconds, world.rng.choice(step.fails)))
            return _failed(recipe, server, done, Kind.TASK_FAILED)
        done.append(Done(step, _went(world, step), at, seconds))
        at += timedelta(seconds=seconds)
    return Past(Job.Status.SUCCESS, at, done)


def skip_job(recipe: Recipe, server: Server, at: datetime) -> Past:
    """No play matched the server: nothing ran there."""
    message = f"No play targets {server.hostname}: the playbook's plays target {recipe.hosts}."
    return Past(Job.Status.SKIPPED, at + timedelta(seconds=1), message=message)


def broken_off(world: World, past: Past, status: str, kind: str, message: str) -> Past:
    """The same, interrupted from outside at some point."""
    kept = past.done[: world.rng.randint(0, max(0, len(past.done) - 1))]
    ended = kept[-1].at + timedelta(seconds=kept[-1].seconds) if kept else past.ended
    return Past(status, ended, kept, kind, message=message)


def _factor(server: Server, at: datetime) -> float:
    is_flaky = server.pk % BAD_SERVER == 5
    is_bad_day = at.toordinal() % BAD_DAY == 3 and 13 <= at.hour < 16
    return (FLAKY if is_flaky else 1) * (4 if is_bad_day else 1)


def _failing_step(world: World, recipe: Recipe) -> Step | None:
    able = [step for step in recipe.steps if step.fails]
    return world.rng.choice(able) if able else None


def _went(world: World, step: Step) -> str:
    if step.skipped and world.happens(step.skipped):
        return Status.SKIPPED
    return Status.CHANGED if step.changed and world.happens(step.changed) else Status.OK


def _unreachable(world: World, recipe: Recipe, server: Server, at: datetime) -> Past:
    text = world.one({TIMED_OUT: 6, REFUSED: 2, DENIED: 1}).format(
        address=server.ip_address, port=server.ssh_port, user=server.ssh_user or "dba"
    )
    first = Done(recipe.steps[0], Status.UNREACHABLE, at, round(world.about(10), 3), text)
    return _failed(recipe, server, [first], Kind.UNREACHABLE)


def _failed(recipe: Recipe, server: Server, done: list[Done], kind: str) -> Past:
    last = done[-1]
    message = printing.job_message(recipe, last, server.hostname)
    ended = last.at + timedelta(seconds=last.seconds)
    place = f"{recipe.file_path}:{last.step.line}"
    return Past(Job.Status.FAILED, ended, done, kind, last.step.name, place, message)
