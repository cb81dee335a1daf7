"""Which servers a run has, worded for buttons: "Relaunch on all 6 servers (production)"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django.core.cache import cache
from django.db.models import Case, Count, F, Min, QuerySet, When

from automation import launching
from automation.launching import Only
from automation.launching.relaunching import servers_to_repeat
from automation.models import Job, Run
from inventory.models import Server, is_production_name, share_inventories
from schema.exceptions import Refused

# How each selection of servers is called, before "server".
KINDS = {Only.FAILED: "failed ", Only.UNREACHABLE: "unreachable ", Only.NOT_REACHED: "unreached "}
# Outside production, a button acts at once on up to this many servers; for more it asks first.
MOST_WITHOUT_ASKING = 200
# Lists keep the count of a run on so many servers for so many seconds.
COUNTED_ONCE, COUNTED_FOR = 500, 300


@dataclass(frozen=True)
class Target:
    """The number of servers, how many of them are in production, and the name of one."""

    count: int
    production: int
    name: str

    @classmethod
    def of(cls, servers: Iterable[Server]) -> Target:
        """The servers without duplicates."""
        each = list(dict.fromkeys(servers))
        production = sum(server.is_production for server in each)
        return cls(len(each), production, each[0].hostname if each else "")

    @property
    def is_production(self) -> bool:
        return self.production > 0

    def words(self, kind: str = "", *, every: bool = False) -> str:
        """ "web1 (production)", "failed server web1", "all 6 servers (2 in production)"."""
        return f"{self.where(kind, every=every)}{self._in_production()}"

    def where(self, kind: str = "", *, every: bool = False) -> str:
        """The same without the production part."""
        if self.count == 1:
            return f"{kind}server {self.name}" if kind else self.name
        return f"{'all ' if every else ''}{self.count:,} {kind}servers"

    @property
    def failing(self) -> str:
        return self.words("failing ")

    def _in_production(self) -> str:
        if not self.production:
            return ""
        if self.production == self.count:
            return " (production)"
        return f" ({self.production:,} in production)"


@dataclass(frozen=True)
class JobGroup:
    """Jobs of a run that ended alike in one environment, and have the same ticket or none.

    `what` failed, as a place or a name; `first` is the id of the first job, `name` one of their
    servers.
    """

    status: str
    failure_kind: str
    environment: str
    what: str
    ticket: int | None
    count: int
    first: int
    name: str


@dataclass(frozen=True)
class Environment:
    """An environment, and how many of a run's servers are in it."""

    name: str
    count: int
    is_production: bool


@dataclass(frozen=True)
class RelaunchChoice:
    """A button, with the servers that it relaunches on: by default, all that were not skipped.

    `expect` is the digest of what it would run; empty if the button asks first.
    """

    label: str
    target: Target
    only: str = ""
    server: int | None = None
    expect: str = ""

    @property
    def name(self) -> str:
        return self.only or ("server" if self.server else "all")


def job_groups(jobs: QuerySet[Job]) -> list[JobGroup]:
    """One query, however many jobs there are."""
    # By the task's place, as its name may be templated differently for each server. Older jobs have
    # no place.
    what = Case(When(failed_place="", then=F("failed_task")), default=F("failed_place"))
    columns = ("status", "failure_kind", "server__environment", "what", "occurrence__ticket")
    grouped = jobs.order_by().annotate(what=what).values_list(*columns)
    counted = grouped.annotate(Count("id"), Min("id"), Min("server__hostname"))
    return [JobGroup(*row) for row in counted]


def target_of(groups: Iterable[JobGroup]) -> Target:
    """The servers of these jobs."""
    each = list(groups)
    production = sum(group.count for group in each if is_production_name(group.environment))
    return Target(sum(group.count for group in each), production, each[0].name if each else "")


def environments_of(counted: Iterable[tuple[str, int]]) -> list[Environment]:
    """The environments without duplicates, production first."""
    counts: Counter[str] = Counter()
    for name, count in counted:
        counts[name] += count
    found = [Environment(name, n, is_production_name(name)) for name, n in counts.items()]
    return sorted(found, key=lambda each: (not each.is_production, each.name))


@dataclass(frozen=True)
class Where:
    """A run's servers in a list: how many, or which one, and their environments."""

    target: Target
    environments: list[Environment]


NOWHERE = Where(Target(0, 0, ""), [])


def attach_where(runs: Sequence[Any]) -> None:
    """Set `where` on each of the runs. One query at most.

    Large runs are cached: for a list of fifty on ten thousand servers each, counting takes a
    second. A run keeps its servers, and those seldom change their environment.
    """
    keys = {f"where-of-run-{run.pk}": run.pk for run in runs}
    known = {keys[key]: where for key, where in cache.get_many(keys).items()}
    if missing := [pk for pk in keys.values() if pk not in known]:
        counted = _where_by_run(missing)
        large = [pk for pk, where in counted.items() if where.target.count >= COUNTED_ONCE]
        cache.set_many({f"where-of-run-{pk}": counted[pk] for pk in large}, COUNTED_FOR)
        known |= counted
    for run in runs:
        run.where = known.get(run.pk, NOWHERE)


def _where_by_run(keys: Sequence[int]) -> dict[int, Where]:
    """{run id: its servers}, for those that have jobs."""
    jobs = Job.objects.filter(run__in=keys).order_by()
    counted = jobs.values_list("run", "server__environment").annotate(
        Count("id"), Min("server__hostname")
    )
    rows: dict[int, list[tuple[str, int, str]]] = {}
    for run, environment, count, name in counted:
        rows.setdefault(run, []).append((environment, count, name))
    return {run: _where(of_run) for run, of_run in rows.items()}


def _where(rows: list[tuple[str, int, str]]) -> Where:
    """From (environment, number of servers, name of one)."""
    each = environments_of((environment, count) for environment, count, _name in rows)
    production = sum(one.count for one in each if one.is_production)
    return Where(Target(sum(one.count for one in each), production, rows[0][2]), each)


class RunServers:
    """The servers of a run; queried on first use, and once.

    Reads no more than counts, except for the choices of a relaunch that need not ask: one query
    for the servers of each, and three for their inventory and its groups.
    """

    def __init__(self, run: Run, job: Job | None = None) -> None:
        """With `job`, its server comes first among the choices."""
        self.run, self.job = run, job
        self._of_a_choice: list[Server] = []

    @cached_property
    def groups(self) -> list[JobGroup]:
        return job_groups(self.run.jobs.all())

    @property
    def counts(self) -> dict[str, int]:
        """{status: number of jobs}, in the order of the statuses."""
        counts: Counter[str] = Counter()
        for group in self.groups:
            counts[group.status] += group.count
        return {status: counts[status] for status in Job.Status.values if counts[status]}

    @property
    def environments(self) -> list[Environment]:
        return environments_of((group.environment, group.count) for group in self.groups)

    @property
    def taken(self) -> Target:
        """The servers that a relaunch takes: all except skipped ones, or the whole inventory."""
        return target_of(self._not_skipped)

    @property
    def cancelled(self) -> Target:
        """The servers that a cancellation stops: those that have not ended."""
        return target_of(group for group in self.groups if group.status in Job.ACTIVE)

    @property
    def cancel_label(self) -> str:
        target = self.cancelled
        what = "Cancel" if target.count == 1 else "Cancel run"
        return f"{what} on {target.words()}"

    @cached_property
    def relaunch_choices(self) -> list[RelaunchChoice]:
        """The choices for relaunching an ended run, without duplicates."""
        if self.run.state != Run.State.FINISHED:
            return []
        kept: dict[tuple[int, frozenset[int]], RelaunchChoice] = {}
        for servers, choice in [*self._this_server(), *self._every(), *self._some()]:
            kept.setdefault(servers, choice)
        return [self._with_digest(choice) for choice in kept.values()]

    # Private. Each choice has a key that distinguishes its servers from those of the others. As
    # choices are subsets of each other, the count and the first job of each group are enough.

    def _with_digest(self, choice: RelaunchChoice) -> RelaunchChoice:
        if choice.target.is_production or choice.target.count > MOST_WITHOUT_ASKING:
            return choice
        try:
            launch = launching.launch_from(self.run, **self._servers_of(choice))
        except Refused:
            return choice
        if isinstance(launch.servers, list):
            self._share_inventory(launch.servers)
        return replace(choice, expect=launching.digest_of_launch(launch))

    def _share_inventory(self, servers: list[Server]) -> None:
        """Let the servers of all choices share it, so that its groups are read once."""
        share_inventories([*self._of_a_choice, *servers])
        self._of_a_choice = servers[:1]

    def _servers_of(self, choice: RelaunchChoice) -> dict[str, Any]:
        """As arguments for launch_from; none for a whole inventory."""
        if choice.server and self.job:
            return {"servers": [self.job.server]}
        if self.run.whole_inventory and not choice.only:
            return {}
        return {"servers": servers_to_repeat(self.run, choice.only)}

    def _this_server(self) -> list[tuple[tuple[int, frozenset[int]], RelaunchChoice]]:
        if self.job is None:
            return []
        target = Target.of([self.job.server])
        label = f"Relaunch on {target.words()}"
        choice = RelaunchChoice(label, target, server=self.job.server_id)
        return [((1, frozenset([self.job.pk])), choice)]

    def _every(self) -> list[tuple[tuple[int, frozenset[int]], RelaunchChoice]]:
        taken, target = self._not_skipped, self.taken
        is_all = len(taken) == len(self.groups)
        where = "the whole inventory: " if self.run.whole_inventory else ""
        choice = RelaunchChoice(f"Relaunch on {where}{target.words(every=is_all)}", target)
        return [(_servers(taken), choice)] if taken else []

    @property
    def _not_skipped(self) -> list[JobGroup]:
        """A run on a whole inventory is repeated on all of it."""
        if self.run.whole_inventory:
            return self.groups
        return [group for group in self.groups if group.status != Job.Status.SKIPPED]

    def _some(self) -> list[tuple[tuple[int, frozenset[int]], RelaunchChoice]]:
        found = []
        for only, kind in KINDS.items():
            taken = [group for group in self.groups if only.is_of(group)]
            target = target_of(taken)
            choice = RelaunchChoice(f"Relaunch on {target.words(kind)}", target, only.value)
            found += [(_servers(taken), choice)] if taken else []
        return found


def _servers(groups: list[JobGroup]) -> tuple[int, frozenset[int]]:
    return sum(group.count for group in groups), frozenset(group.first for group in groups)
