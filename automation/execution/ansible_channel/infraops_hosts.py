"""Part of infraops_events.py: facts about hosts that Ansible's recap leaves out."""

from typing import Any

from ansible.executor.stats import AggregateStats
from ansible.plugins.strategy import StrategyBase
from ansible.template import Templar
from ansible.utils.display import Display
from infraops_channel import Channel
from infraops_described import name_of, task_of

# The debug message with which ansible-core skips a task for a host; nobody else is told.
NOT_QUEUED = "got an error while queuing: "


class Hosts:
    """What Ansible's recap leaves out about the hosts."""

    def __init__(self) -> None:
        self.to_come: list[Any] = []
        # The hosts of the inventory, before tasks add any.
        self.known: set[str] = set()
        self.stats: AggregateStats | None = None
        self._tqm: Any = None
        self._missing: dict[str, set[str]] = {}
        self._took_part: set[str] = set()
        self._unanswered: dict[tuple[str, str], Any] = {}

    def expect(self, plays: list[Any]) -> None:
        """Call with all plays, before the first."""
        self.to_come = plays
        self.known = {*inventory_of(plays[0]).hosts} if plays else set()

    def note(self, tqm: Any) -> None:
        self._tqm, self.stats = tqm, tqm._stats

    def begin(self, play: Any) -> set[str]:
        """Note the start of a batch (`serial`) of a play. Returns its hosts."""
        hosts = _hosts_of(play)
        # In this batch, and not given up on by an earlier play. Not among all hosts: localhost is
        # only there if the inventory names it.
        pattern = pattern_of(play) or "all"
        here = hosts & {host.name for host in inventory_of(play).get_hosts(pattern)}
        self._missing.setdefault(play._uuid, set(hosts))
        self._missing[play._uuid] -= here
        self._took_part |= here
        self.to_come = [later for later in self.to_come if later._uuid != play._uuid]
        return here

    def asked(self, host: str, task: Any) -> None:
        self._unanswered[host, task._uuid] = task

    def answered(self, host: str, task: Any) -> None:
        self._unanswered.pop((host, task._uuid), None)

    def told(self) -> dict[str, Any]:
        """Fields for the recap event.

        `unfinished`: hosts given up on, or of plays and batches that never began. `took_part`:
        hosts of plays and batches that did. `unanswered`: [host, task] for tasks that started and
        never reported.
        """
        given_up = set()
        if self._tqm is not None:
            given_up = {*self._tqm._failed_hosts, *self._tqm._unreachable_hosts}
        return {
            "unfinished": sorted(
                given_up.union(*self._missing.values(), *map(_hosts_of_later, self.to_come))
            ),
            "took_part": sorted(self._took_part),
            "unanswered": [[host, name_of(task)] for (host, _), task in self._unanswered.items()],
        }


class Queued:
    """Watches the tasks that the strategy queues.

    If a process cannot be started, ansible-core silently skips the task for that host.
    """

    def __init__(self, channel: Channel, hosts: Hosts) -> None:
        self._channel, self._hosts = channel, hosts
        self._reason = ""

    def watch(self) -> None:
        watch, queue, debug = self, StrategyBase._queue_task, Display.debug

        def _queue_task(self: Any, host: Any, task: Any, *args: Any) -> None:
            watch._hosts.note(self._tqm)
            before, watch._reason = self._pending_results, ""
            watch._hosts.asked(host.name, task)
            queue(self, host, task, *args)
            if self._pending_results == before:
                watch._channel.send(
                    "not_queued", host=host.name, reason=watch._reason, **task_of(task)
                )

        def noted_debug(self: Display, msg: str, host: str | None = None) -> None:
            if isinstance(msg, str) and msg.startswith(NOT_QUEUED):
                watch._reason = msg.removeprefix(NOT_QUEUED)
            debug(self, msg, host)

        StrategyBase._queue_task = _queue_task
        Display.debug = noted_debug


def inventory_of(play: Any) -> Any:
    return play.get_variable_manager()._inventory


def pattern_of(play: Any) -> Any:
    """The play's `hosts`, templated."""
    if play.finalized:
        return play.hosts or "all"
    manager, loader = play.get_variable_manager(), play.get_loader()
    return Templar(loader=loader, variables=manager.get_vars(play=play)).template(play.hosts)


def _hosts_of(play: Any) -> set[str]:
    """All hosts of the play, ignoring the restriction to a batch."""
    hosts = inventory_of(play).get_hosts(pattern_of(play) or "all", ignore_restrictions=True)
    return {host.name for host in hosts}


def _hosts_of_later(play: Any) -> set[str]:
    """The same for a play that never began.

    If its pattern depends on what earlier plays would have set, it could have been for any host.
    """
    try:
        return _hosts_of(play)
    except Exception:
        hosts = inventory_of(play).get_hosts("all", ignore_restrictions=True)
        return {host.name for host in hosts}


def play_of(play: Any) -> dict[str, Any]:
    written = play.get_ds() or {}
    return {
        "play": play.get_name().strip(),
        "raw_name": str(written.get("name") or ""),
        "pattern": _joined(pattern_of(play)),
        "raw_pattern": _joined(written.get("hosts")),
        "place": play.get_path() or "",
    }


def _joined(pattern: Any) -> str:
    return ",".join(map(str, pattern)) if isinstance(pattern, list) else str(pattern)
