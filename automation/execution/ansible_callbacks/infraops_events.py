"""Loaded by ansible-playbook, not by us: reports to the worker what happens, event by event.

Texts come from Ansible's own `default` callback. What it displays, and anything else displayed, is
sent as events to the file descriptor named by INFRAOPS_EVENTS: four bytes of length, then JSON.
Neither the output of a play nor a full disk can affect that descriptor. If an event cannot be
delivered, ansible-playbook is terminated: nothing may happen unreported.

Every event has `kind`, `number` (from 0, without gaps), `at` (seconds since 1970), `text` (what
Ansible displays, with colours), and what `automation/execution/events.py` lists for its kind.
"""

import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible.executor.stats import AggregateStats
from ansible.plugins.callback.default import CallbackModule as Default
from ansible.release import __version__

# Beside this folder, not in it: Ansible would load every file here as a callback.
sys.path.append(str(Path(__file__).parent.parent / "ansible_channel"))

from infraops_channel import Channel
from infraops_described import facts_of, may_be_rescued, shortened, task_of, whole
from infraops_hosts import Hosts, Queued, inventory_of, pattern_of, play_of
from infraops_local import keep_local_files

DOCUMENTATION = """
name: infraops_events
type: stdout
short_description: what happens, as events over a descriptor
description: The texts of the default callback, and what they are about, for the console's worker.
extends_documentation_fragment: [default_callback, result_format_callback]
"""

CHANNEL = "INFRAOPS_EVENTS"
# Not to be inherited by an ansible-playbook that a task starts.
OURS = ("ANSIBLE_STDOUT_CALLBACK", "ANSIBLE_CALLBACK_PLUGINS")
NAMED_HOSTS = 5


class CallbackModule(Default):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "infraops_events"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Earlier output must come before all events.
        sys.stdout.flush()
        sys.stderr.flush()
        self._channel = Channel(int(os.environ.pop(CHANNEL)))
        for name in OURS:
            os.environ.pop(name, None)
        self._began: dict[tuple[str, str], float] = {}
        self._rescued: dict[str, int] = {}
        # The host whose result is being displayed.
        self._about = ""
        self._hosts = Hosts()
        Queued(self._channel, self._hosts).watch()
        keep_local_files()
        self._channel.send("hello", ansible=__version__, python=platform.python_version())

    # Plays

    def v2_playbook_on_start(self, playbook: Any) -> None:
        self._hosts.expect(list(playbook.get_plays()))
        self._text(super().v2_playbook_on_start, playbook)

    def v2_playbook_on_play_start(self, play: Any) -> None:
        here = self._hosts.begin(play)
        said = self._channel.collected(super().v2_playbook_on_play_start, play)
        self._channel.send("play", said, **play_of(play), hosts=len(here))

    def v2_playbook_on_no_hosts_matched(self) -> None:
        play = self._play
        inventory = inventory_of(play)
        matched = inventory.get_hosts(
            pattern_of(play), ignore_limits=True, ignore_restrictions=True
        )
        elsewhere = [host.name for host in matched[:NAMED_HOSTS]]
        self._channel.send(
            "idle_play",
            self._channel.collected(super().v2_playbook_on_no_hosts_matched),
            **play_of(play),
            elsewhere=elsewhere,
            added=[name for name in elsewhere if name not in self._hosts.known],
            elsewhere_count=len(matched),
        )

    def v2_playbook_on_stats(self, stats: AggregateStats) -> None:
        with self._channel.collecting() as pieces:
            super().v2_playbook_on_stats(stats)
        names = sorted(stats.processed)
        # A heading, one line per host, then anything else displayed.
        rows = [(pieces.pop(1), name) for name in names if len(pieces) > 1]
        heading, rest = "".join(pieces[:1]), "".join(pieces[1:])
        counts = ("ok", "changed", "unreachable", "failures", "skipped", "rescued", "ignored")
        self._channel.send(
            "recap",
            heading,
            rows=rows,
            rest=rest,
            counts={name: {each: stats.summarize(name)[each] for each in counts} for name in names},
            **self._hosts.told(),
        )

    # Tasks

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self._channel.send("task", **task_of(task))
        super().v2_playbook_on_task_start(task, is_conditional)

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        self._channel.send("task", **task_of(task))
        super().v2_playbook_on_handler_task_start(task)

    def _print_task_banner(self, task: Any) -> None:
        """With the `free` strategy, comes with a result, if the last one was of another task."""
        said = self._channel.collected(super()._print_task_banner, task)
        named = task_of(task, getattr(self, "_last_task_name", None))
        self._channel.send("heading", said, host=self._about, **named)

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        self._began[host.name, task._uuid] = time.time()
        self._text(super().v2_runner_on_start, host, task, about=host)

    def v2_playbook_on_include(self, included_file: Any) -> None:
        said = self._channel.collected(super().v2_playbook_on_include, included_file)
        label = self._get_item_label(included_file._vars)
        self._channel.send(
            "include",
            said,
            included=[host.name for host in included_file._hosts],
            file=str(included_file._filename),
            item=f"(item={label})" if label else "",
        )

    def v2_playbook_on_notify(self, handler: Any, host: Any) -> None:
        self._text(super().v2_playbook_on_notify, handler, host, about=host)

    # Results

    def v2_runner_on_ok(self, result: Any) -> None:
        self._result(result, "ok", super().v2_runner_on_ok, result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._result(result, "skipped", super().v2_runner_on_skipped, result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        show = super().v2_runner_on_failed
        rescued = self._is_rescued(result.host.name)
        more = {"ignored": bool(ignore_errors), "rescued": rescued and not ignore_errors}
        self._result(result, "failed", show, result, ignore_errors, **more)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        ignored = bool(result.task.ignore_unreachable)
        show = super().v2_runner_on_unreachable
        self._result(result, "unreachable", show, result, ignored=ignored)

    def v2_runner_item_on_ok(self, result: Any) -> None:
        self._item(result, "ok", super().v2_runner_item_on_ok)

    def v2_runner_item_on_failed(self, result: Any) -> None:
        self._item(result, "failed", super().v2_runner_item_on_failed)

    def v2_runner_item_on_skipped(self, result: Any) -> None:
        self._item(result, "skipped", super().v2_runner_item_on_skipped)

    def v2_runner_retry(self, result: Any) -> None:
        self._text(super().v2_runner_retry, result, about=result.host)

    def v2_runner_on_async_poll(self, result: Any) -> None:
        self._text(super().v2_runner_on_async_poll, result, about=result.host)

    def v2_runner_on_async_ok(self, result: Any) -> None:
        self._text(super().v2_runner_on_async_ok, result, about=result.host)

    def v2_runner_on_async_failed(self, result: Any) -> None:
        self._text(super().v2_runner_on_async_failed, result, about=result.host)

    def v2_on_file_diff(self, result: Any) -> None:
        said = self._shown_for(result.host.name, super().v2_on_file_diff, result)
        if said:
            self._channel.send("diff", said, host=result.host.name, **task_of(result.task))

    # Private

    def _text(self, show: Callable[..., None], *args: Any, about: Any = None) -> None:
        """Send what `show` displays, if anything, for a host or for none."""
        if said := self._channel.collected(show, *args):
            self._channel.send("text", said, host=about.name if about else "")

    def _item(self, result: Any, status: str, show: Callable[..., None]) -> None:
        told = {**task_of(result.task, result.task_name), "result": shortened(result.result)}
        ignored = bool(result.task.ignore_errors) or may_be_rescued(result.task)
        said = self._shown_for(result.host.name, show, result)
        self._channel.send(
            "item", said, host=result.host.name, status=status, ignored=ignored, **told
        )

    def _result(
        self, result: Any, status: str, show: Callable[..., None], *args: Any, **more: Any
    ) -> None:
        """Report the end of a task on a host.

        Reads the result first, as displaying it alters it.
        """
        host, task = result.host.name, result.task
        self._hosts.answered(host, task)
        told = {
            **task_of(task, result.task_name),
            "result": shortened(result.result),
            **whole(result),
            "facts": facts_of(result, status),
            "began": self._began.pop((host, task._uuid), None),
            "delegated_to": str(result.task_fields.get("delegate_to") or ""),
        }
        said = self._shown_for(host, show, *args)
        self._channel.send("result", said, host=host, status=status, **told, **more)

    def _shown_for(self, host: str, show: Callable[..., None], *args: Any) -> str:
        with self._channel.collecting() as pieces:
            self._about = host
            show(*args)
            self._about = ""
        return "".join(pieces)

    def _is_rescued(self, host: str) -> bool:
        """True if Ansible has just counted this host's failure as rescued."""
        stats = self._hosts.stats
        known = self._rescued.get(host, 0)
        self._rescued[host] = stats.rescued.get(host, 0) if stats else known
        return self._rescued[host] > known
