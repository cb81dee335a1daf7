"""Generates the runs of past weeks, and those of this moment."""

from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from automation.models import Job, JobLog, Run, ServerLock
from inventory.models import Server

from . import bulk, catalogue
from .history import History
from .planning import plans
from .simulating import Past, simulate_job
from .world import World

RUNNING, PENDING = 3, 2
Say = Callable[[str], None]


def do_all(world: World, history: History, say: Say) -> None:
    _past(world, history, say)
    _extremes(world, history, say)
    say("What runs and waits at this moment")
    _present(world, history)
    history.flush(world.now)


def _past(world: World, history: History, say: Say) -> None:
    planned = plans(world)
    say(f"{world.scale.jobs:,} jobs in {len(planned):,} runs over {world.scale.days} days")
    for number, plan in enumerate(planned, 1):
        history.add(plan)
        if number % 2_500 == 0:
            say(f"  … {number:,} runs, until {plan.at:%d %b}")


def _extremes(world: World, history: History, say: Say) -> None:
    """One run of a hundred tasks on many servers, and one very long log."""
    actor, known = world.operators[0], catalogue.recipes()
    if world.scale.matrix_servers:
        say(f"A run of 100 tasks on {world.scale.matrix_servers} servers")
        servers = [server for server in world.servers if server.environment == "production"]
        chosen = servers[: world.scale.matrix_servers]
        at = world.now - timedelta(minutes=9)
        history.add_run(known["fleet_baseline"], at, chosen, actor)
    if world.scale.long_log:
        say(f"A log of {world.scale.long_log:,} lines")
        _long_log(world, history)


def _long_log(world: World, history: History) -> None:
    recipe, server = catalogue.recipes()["mirror_archive"], world.servers[0]
    history.add_run(recipe, world.now - timedelta(minutes=8), [server], world.operators[0])
    history.flush(world.now)
    job = Job.objects.filter(playbook=recipe.pk).latest("pk")
    first, at = job.last_line_number, job.completed_at or world.now
    words = ("invoices", "reports", "images", "exports", "mail")
    lines = (
        JobLog(
            job_id=job.pk,
            line_number=first + number,
            content=f"archive/{words[number % 5]}/2026/{number % 12 + 1:02}/{number:06}.tar.zst",
            timestamp=at,
        )
        for number in range(1, world.scale.long_log + 1)
    )
    bulk.insert(lines, JobLog)


def _present(world: World, history: History) -> None:
    """A run that has just failed, a cancelled one, some running, some waiting for servers."""
    names = [name for name, recipe in catalogue.recipes().items() if recipe.when == "office"]
    active = [server for server in world.servers if server.is_active]
    busy = world.rng.sample(active, RUNNING * 2 + 4)
    # Nobody has looked at this one yet.
    just_now, deploy = world.now - timedelta(minutes=4), catalogue.recipes()["deploy_shop"]
    history.add_run(deploy, just_now, busy[-2:], world.operators[0], must_fail=True)
    person = world.operators[1]
    end = (Job.Status.CANCELLED, "", f"Cancelled by {person}.")
    history.add_run(deploy, just_now, busy[-4:-2], person, end)
    locks = []
    for number in range(RUNNING):
        mine = busy[number * 2 : number * 2 + 2]
        run = _unfinished(world, history, names[number], mine, Job.Status.RUNNING)
        locks += [ServerLock(server=server, run=run, created_at=world.now) for server in mine]
    for number in range(PENDING):
        _unfinished(world, history, names[-1 - number], [busy[number]], Job.Status.PENDING)
    history.flush(world.now)
    bulk.insert(locks, ServerLock)


def _unfinished(
    world: World, history: History, name: str, servers: list[Server], status: Job.Status
) -> Run:
    recipe, actor = catalogue.recipes()[name], world.rng.choice(world.operators)
    run = history.new_run(recipe, world.now - timedelta(seconds=40), actor)
    run.exit_code = None
    if status == Job.Status.RUNNING:
        run.state, run.heartbeat_at = Run.State.RUNNING, timezone.now()
    else:
        run.state, run.command, run.worker_host = Run.State.PENDING, "", ""
        run.claim_token = run.worker_pid = run.started_at = run.heartbeat_at = None
    history.tell_launch(run, servers)
    for server in servers:
        job = history.job(run, server, Past(status, world.now), actor)
        job.completed_at = None
        if run.started_at:
            past = simulate_job(world, recipe, server, run.started_at)
            history.print(job, recipe, past.done[: len(recipe.steps) // 2], None)
    return run
