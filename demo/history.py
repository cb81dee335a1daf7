"""Generates weeks of runs, in chronological order: runs, jobs, log lines, results, audit lines."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from accounts.models import User
from audit.models import AuditLog
from automation.models import Job, JobLog, Playbook, Run, TaskResult
from automation.models.run_ends import ENDED_BY_SYSTEM
from inventory.models import Server

from . import bulk, printing
from .catalogue import Recipe
from .planning import Plan
from .printing import Done
from .simulating import Past, broken_off, simulate_job, skip_job
from .ticketing import Desk
from .trail import Trail
from .world import World

FLUSH = 4_000
LAST_LINES = 20
TABLES = (Run, Job, TaskResult, JobLog)
# Probabilities that a whole run is ended from outside.
LOST = (
    "The worker is gone. The log has what reached the database; output that the worker still held "
    "in memory is lost."
)
CANCELLED, DEADLINE, WORKER_LOST, CHECK_MODE = 0.012, 0.003, 0.003, 0.05
# Relative number of runs per environment.
SHARES = {"production": 60, "staging": 22, "development": 14, "test": 4}
VERSIONS = ("2026.11.1", "2026.11.2", "2026.11.3", "2026.10.4")


@dataclass
class History:
    world: World
    playbooks: dict[str, Playbook]
    trail: Trail
    desk: Desk
    counts: dict[str, int] = field(default_factory=dict)
    _rows: dict[Any, list[Any]] = field(default_factory=lambda: {table: [] for table in TABLES})
    _next_run: int = 0
    _next_job: int = 0
    _made: int = 0

    def __post_init__(self) -> None:
        self._next_run, self._next_job = bulk.next_key(Run), bulk.next_key(Job)
        self._by_place: dict[tuple[str, str], list[Server]] = {}
        for server in self.world.servers:
            role = server.tags["role"]
            self._by_place.setdefault((server.environment, role), []).append(server)
            self._by_place.setdefault((server.environment, ""), []).append(server)

    def add(self, plan: Plan) -> None:
        """Add a planned run with all its records."""
        actor = self._actor(plan)
        is_logged = self._made >= self.world.scale.jobs - self.world.scale.logged_jobs
        end = self._end_from_outside(actor)
        self.add_run(plan.recipe, plan.at, self._servers(plan), actor, end, is_logged=is_logged)
        if len(self._rows[Job]) >= FLUSH:
            self.flush(plan.at)

    def add_run(
        self,
        recipe: Recipe,
        at: datetime,
        servers: list[Server],
        actor: User,
        end: tuple[str, str, str] | None = None,
        *,
        is_logged: bool = True,
        must_fail: bool = False,
    ) -> Run:
        """Add a run. `end` is (status, failure kind, message) if it was ended from outside."""
        run = self.new_run(recipe, at, actor)
        if is_logged:
            self.tell_launch(run, servers)
        jobs = []
        for server in servers:
            start = run.started_at or at
            past = simulate_job(self.world, recipe, server, start, must_fail=must_fail)
            if not recipe.is_for(server.tags["role"]):
                past = skip_job(recipe, server, start)
            past = broken_off(self.world, past, *end) if end else past
            jobs.append(self.job(run, server, past, actor))
            self._details(jobs[-1], recipe, past, is_logged)
        _close(run, jobs, end)
        if is_logged:
            self._tell_end(run, jobs)
        return run

    def job(self, run: Run, server: Server, past: Past, actor: User) -> Job:
        """The row of a job, with its own key."""
        job = Job(
            pk=self._next_job + self._made,
            job_id=self.world.uuid(),
            run=run,
            playbook=run.playbook,
            server=server,
            user=actor,
            status=past.status,
            task_id=self.world.uuid().replace("-", ""),
            extra_vars=run.extra_vars,
            error_message=past.message,
            failure_kind=past.kind,
            failed_task=past.failed_task,
            failed_place=past.failed_place,
            counts=printing.counts_of(past.done) if past.done else {},
            started_at=run.started_at,
            completed_at=past.ended,
            created_at=run.created_at,
        )
        self._made += 1
        self._rows[Job].append(job)
        return job

    def _details(self, job: Job, recipe: Recipe, past: Past, is_logged: bool) -> None:
        """Log lines, task results, the final audit line, and the ticket if it failed."""
        if not is_logged and past.status != Job.Status.FAILED:
            return
        lines = self.print(job, recipe, past.done, past.ended, is_logged=is_logged)
        if is_logged:
            told: dict[str, Any] = {
                "status": past.status,
                "failure_kind": past.kind,
                "message": past.message,
            }
            resource = ("job", job.job_id, str(job))
            actor = self.world.system if past.kind in ENDED_BY_SYSTEM else job.user
            self.trail.add(past.ended, actor, "job.finished", resource, **told)
        if past.status == Job.Status.FAILED:
            self.desk.take(job, lines[-LAST_LINES:])

    def print(
        self,
        job: Job,
        recipe: Recipe,
        done: list[Done],
        ended: datetime | None,
        *,
        is_logged: bool = True,
    ) -> list[str]:
        """The job's log lines; stored, with its task results, only if it is logged."""
        began = job.started_at or job.created_at
        lines = list(printing.lines_of(recipe, job.server.hostname, done, began, ended))
        if is_logged:
            self._rows[JobLog] += _log_rows(job, lines)
            self._rows[TaskResult] += _result_rows(job, recipe, done)
        return [text for text, _level, _at in lines]

    def flush(self, at: datetime) -> None:
        """Insert the buffered rows, and audit lines up to `at`."""
        for table in TABLES:
            self._count(table, bulk.insert(self._rows[table], table))
            self._rows[table] = []
        self._count(AuditLog, bulk.insert(self.trail.until(at), AuditLog))

    def _count(self, table: Any, number: int) -> None:
        name = str(table._meta.verbose_name_plural)
        self.counts[name] = self.counts.get(name, 0) + number

    def new_run(self, recipe: Recipe, at: datetime, actor: User) -> Run:
        rng = self.world.rng
        started = at + timedelta(seconds=rng.uniform(0.2, 6))
        is_check = recipe.when == "office" and self.world.happens(CHECK_MODE)
        playbook = self.playbooks[recipe.name]
        run = Run(
            pk=self._next_run,
            playbook=playbook,
            launched_by=actor,
            playbook_hash=playbook.file_hash,
            extra_vars={"version": rng.choice(VERSIONS)} if "version" in recipe.variables else {},
            check_mode=is_check,
            forks=20 if recipe.servers[1] > 50 else 5,
            deadline_seconds=settings.RUN_DEADLINE_SECONDS,
            command=f"ansible-playbook {'--check ' if is_check else ''}{recipe.file_path}",
            state=Run.State.FINISHED,
            claim_token=self.world.uuid(),
            worker_host=f"worker-{rng.randint(1, 2):02}.example.com",
            worker_pid=rng.randint(800, 40_000),
            created_at=at,
            started_at=started,
            heartbeat_at=started,
            exit_code=0,
        )
        self._next_run += 1
        self._rows[Run].append(run)
        return run

    def _actor(self, plan: Plan) -> User:
        is_by_hand = plan.recipe.when == "office" or self.world.happens(0.03)
        return self.world.rng.choice(self.world.operators) if is_by_hand else self.world.timer

    def _servers(self, plan: Plan) -> list[Server]:
        """Servers of one environment and role if there are enough; otherwise of any."""
        environment = self.world.one(SHARES)
        role = self.world.rng.choice(plan.recipe.roles) if plan.recipe.roles else ""
        found = self._by_place.get((environment, role), [])
        wider = self._by_place.get((environment, ""), [])
        if plan.recipe.hosts != "all" and found and len(wider) >= plan.size:
            # Launched on a whole environment: at least one server has the role.
            first = self.world.rng.choice(found)
            others = [server for server in wider if server is not first]
            return [first, *self.world.rng.sample(others, plan.size - 1)]
        found = found if len(found) >= plan.size else self.world.servers
        return self.world.rng.sample(found, plan.size)

    def _end_from_outside(self, actor: User) -> tuple[str, str, str] | None:
        chance = self.world.rng.random()
        kind = Job.FailureKind
        if chance < CANCELLED:
            return Job.Status.CANCELLED, "", f"Cancelled by {actor}."
        if chance < CANCELLED + DEADLINE:
            return Job.Status.FAILED, kind.DEADLINE, "The deadline has passed."
        if chance < CANCELLED + DEADLINE + WORKER_LOST:
            return Job.Status.FAILED, kind.WORKER_LOST, LOST
        return None

    def tell_launch(self, run: Run, servers: list[Server]) -> None:
        names = [server.hostname for server in servers[:100]]
        told: dict[str, Any] = {"playbook": str(run.playbook), "servers": names}
        told["server_count"] = len(servers)
        actor, is_by_hand = run.launched_by, run.launched_by != self.world.timer
        resource = _named(run)
        self.trail.add(run.created_at, actor, "run.launched", resource, by_hand=is_by_hand, **told)
        if run.started_at:
            at, worker = run.started_at, run.worker_host
            self.trail.add(at, actor, "run.started", resource, worker=worker)

    def _tell_end(self, run: Run, jobs: list[Job]) -> None:
        told: dict[str, Any] = {"outcome": run.outcome, "exit": run.exit_word}
        told["jobs"] = Counter(str(job.status) for job in jobs)
        if run.finished_at and run.duration:
            told["seconds"] = round(run.duration.total_seconds(), 3)
            actor = run.cancelled_by or self.world.system
            self.trail.add(run.finished_at, actor, "run.finished", _named(run), **told)


def _named(run: Run) -> tuple[str, int, str]:
    return "run", run.pk, f"Run {run.pk} of {run.playbook}"


def _close(run: Run, jobs: list[Job], end: tuple[str, str, str] | None) -> None:
    """Set the end and outcome of the run from its jobs."""
    ends = [job.completed_at for job in jobs if job.completed_at]
    run.finished_at = run.heartbeat_at = max(ends, default=run.started_at)
    failed = any(job.status == Job.Status.FAILED for job in jobs)
    run.outcome = next(end for end in Run.End.values if any(job.status == end for job in jobs))
    run.exit_code = None if end else (2 if failed else 0)
    if end and end[0] == Job.Status.CANCELLED:
        run.cancelled_by, run.cancel_requested_at = run.launched_by, run.finished_at


def _log_rows(job: Job, lines: list[printing.Line]) -> Iterator[JobLog]:
    for number, (text, level, at) in enumerate(lines, 1):
        yield JobLog(job_id=job.pk, line_number=number, content=text, log_level=level, timestamp=at)


def _result_rows(job: Job, recipe: Recipe, done: list[Done]) -> Iterator[TaskResult]:
    for number, item in enumerate(done, 1):
        yield TaskResult(
            job_id=job.pk,
            number=number,
            play=recipe.title,
            task=item.step.name,
            action=item.step.action,
            status=item.status,
            changed=item.status == TaskResult.Status.CHANGED,
            started_at=item.at,
            duration=item.seconds,
            path=f"{recipe.file_path}:{item.step.line}",
            message=item.message,
        )
