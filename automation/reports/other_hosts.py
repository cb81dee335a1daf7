"""What a run did where it has no job: on the controller itself, and on hosts that tasks added."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from automation.models import HostResult, Run
from inventory.models import LOCALHOST

# On the page; the API has all of them.
HOSTS, RESULTS, RESULTS_OF_A_HOST = 50, 2000, 100
KINDS = {"controller": "Controller", "added": "Added by a task"}


FAILED = (HostResult.Status.FAILED, HostResult.Status.UNREACHABLE)


@dataclass
class OtherHost:
    """A host. Until the run has ended, `status` is "running" and `counts` are by result."""

    name: str
    kind: str
    status: str
    counts: dict[str, int]
    message: str = ""
    task: str = ""
    place: str = ""
    results: list[HostResult] = field(default_factory=list)
    more: int = 0

    @property
    def label(self) -> str:
        return KINDS[self.kind]

    @property
    def shown_counts(self) -> list[tuple[str, int]]:
        return [(name, count) for name, count in self.counts.items() if count]

    @property
    def failing(self) -> HostResult | None:
        """The result that failed it, as far as it is shown."""
        if self.status != "failed":
            return None
        return next((each for each in self.results if each.status in FAILED), None)


@dataclass(frozen=True)
class OtherHosts:
    """The hosts, those that failed first; `more` are left out."""

    hosts: list[OtherHost]
    more: int = 0

    @property
    def failed(self) -> list[OtherHost]:
        return [each for each in self.hosts if each.status == "failed"]


def other_hosts_of(run: Run) -> OtherHosts:
    """Three queries, for runs that may have any: a limit without localhost leaves none."""
    if not (run.whole_inventory or run.runs_localhost):
        return OtherHosts([])
    counted = run.host_results.hosts()
    if run.other_hosts:
        hosts = [_ended(each) for each in run.other_hosts]
    else:
        state = "running" if run.state == Run.State.RUNNING else run.outcome or run.state
        hosts = [_so_far(name, counts, state) for name, counts in counted.items()]
    shown = hosts[:HOSTS]
    if shown and counted:
        _attach_results(run, {host.name: host for host in shown}, counted)
    return OtherHosts(shown, len(hosts) - len(shown))


def _ended(told: dict[str, Any]) -> OtherHost:
    names = ("kind", "status", "counts", "message", "task", "place")
    return OtherHost(name=told["host"], **{name: told[name] for name in names})


def _so_far(name: str, counts: dict[str, int], state: str) -> OtherHost:
    return OtherHost(name, "controller" if name in LOCALHOST else "added", state, counts)


def _attach_results(
    run: Run, hosts: dict[str, OtherHost], counted: dict[str, dict[str, int]]
) -> None:
    """The first results of each, and those that failed wherever they are."""
    of_run = run.host_results.for_list().filter(host__in=list(hosts))
    for result in _each_once([*of_run.failed()[:RESULTS], *of_run[:RESULTS]]):
        host = hosts.get(result.host)
        if host is not None and (len(host.results) < RESULTS_OF_A_HOST or result.status in FAILED):
            host.results.append(result)
    for name, host in hosts.items():
        host.more = sum(counted.get(name, {}).values()) - len(host.results)


def _each_once(results: Iterable[HostResult]) -> list[HostResult]:
    return sorted({each.number: each for each in results}.values(), key=lambda each: each.number)
