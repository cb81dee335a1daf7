"""What is derived from a run's events: lines, results, facts and outcomes.

Runs in the thread that reads events. What must be written goes to an outbox, for the thread that
has the database; outcomes are read after this thread has ended.
"""

import logging
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from automation.models import Job, Outcome, Run
from inventory.ansible.connection import address_of

from .channel import BrokenChannel, ChannelReader
from .events import Event
from .gathered_facts import GatheredFacts
from .log_lines import Lines, LogRouter
from .log_writer import LogWriter
from .masking import Masking
from .outbox import Closed, Outbox
from .tally import Tally
from .task_results import TaskResults

logger = logging.getLogger(__name__)

MAY_LACK = "The log or the list of tasks may be incomplete; the worker's own log has the details."
NO_SPACE = ("No space left on device", "[Errno 28]", "Disk quota exceeded", "[Errno 122]")

# A module and its files need more; what failed may have freed some of it since.
ROOM_BYTES = 1024 * 1024


class Transcript:
    """Call `note` with each event, in order, then `close`.

    Then `tally` and `facts` are complete.
    """

    def __init__(self, run: Run, jobs: list[Job], masking: Masking, writer: LogWriter) -> None:
        self._run = run
        self._writer, self._masking = writer, masking
        self.outbox = Outbox()
        keys = {job.server.inventory_name: job.pk for job in jobs}
        addresses = [(address, job.pk) for job in jobs if (address := address_of(job.server))]
        print_lines = self._add_printed if len(jobs) > 1 else None
        self._router = LogRouter(keys, self._add_line, addresses, masking, print_lines)
        self._results = TaskResults(keys, self._add_result, masking, self._add_host_result)
        self.facts = GatheredFacts(
            {job.server.inventory_name: job.server_id for job in jobs}, masking
        )
        selects = bool(run.tags or run.skip_tags or run.start_at_task)
        self.tally = Tally(masking, selects, hosts=keys)
        # {column of the run: version}, once Ansible has reported them.
        self.versions: dict[str, str] = {}
        # Why the run must stop, as reported by an event.
        self.verdict: Outcome | None = None
        self._folder, self._no_room = "/nonexistent", ""
        self._heard_at = time.monotonic()
        self._skipped = 0

    def watch_room_in(self, folder: str, said: str) -> None:
        """Stop the run with this reason if a task finds the folder's disk full.

        `folder` ends with “/”.
        """
        self._folder, self._no_room = folder, said

    def note(self, event: Event) -> None:
        """Process the next event."""
        self._heard_at = time.monotonic()
        takers = (self.tally.note, self._router.route, self._results.note, self.facts.note)
        for take in (*takers, self._hear_versions, self._judge):
            self._give(take, event)
        # Again: it may have waited for the database, which is not ansible-playbook's silence.
        self._heard_at = time.monotonic()

    def close(self, skipped: int = 0) -> None:
        """End after the last event; `skipped` events were unreadable."""
        if missing := skipped + self._skipped:
            said = f"[WARNING]: InfraOps could not read {missing} of Ansible's events. {MAY_LACK}"
            self._router.route(Event("text", datetime.now(UTC), f"{said}\n"))
        self._router.close()

    def _give(self, take: Callable[[Event], None], event: Event) -> None:
        """Pass on an event; an error in one receiver must not keep it from the others."""
        try:
            take(event)
        except Closed:
            raise
        except Exception:
            logger.exception("An event of the kind %s was skipped", event.kind)
            self._skipped += 1

    def silent_seconds(self) -> float:
        """Seconds since the last event; 0 while the outbox blocks."""
        return 0.0 if self.outbox.is_full else time.monotonic() - self._heard_at

    def _hear_versions(self, event: Event) -> None:
        if event.kind == "hello":
            self.versions = {
                f"{name}_version": str(event.data.get(name) or "")[:50]
                for name in ("ansible", "python")
            }

    def _judge(self, event: Event) -> None:
        self.verdict = self.verdict or self._verdict_on(event)

    def _verdict_on(self, event: Event) -> Outcome | None:
        if event.kind == "not_queued":
            task = self._masking.name(event.task.name, event.task.written)
            reason = self._masking.text(str(event.data.get("reason") or "it gave no reason"))
            return Outcome.failed(
                Job.FailureKind.INTERNAL,
                f"Ansible could not start the task “{task}” for {event.host} on the worker "
                f"{self._run.worker_host}: {reason}. Ansible would have continued without it, so "
                "the run was stopped.",
            )
        if event.status in ("failed", "unreachable") and self._is_full(event):
            return Outcome.failed(Job.FailureKind.INTERNAL, self._no_room)
        return None

    def _is_full(self, event: Event) -> bool:
        """True if a task failed because the run's own folder is full, not a disk on the server.

        Ansible seldom says which.
        """
        said = [str(value) for value in event.result.values()]
        if not any(sign in text for text in said for sign in NO_SPACE):
            return False
        return any(self._folder in text for text in said) or _has_no_room(self._folder)

    def _add_line(self, job_id: int, content: str, level: str, at: Any) -> None:
        self.outbox.put(lambda: self._writer.add(job_id, content, level, at), len(content))

    def _add_printed(self, lines: Lines) -> None:
        size = sum(len(content) for content, _, _ in lines)
        self.outbox.put(lambda: self._writer.add_printed(lines), size)

    def _add_result(self, job_id: int, **fields: Any) -> None:
        self.outbox.put(lambda: self._writer.add_result(job_id, **fields), _size_of(fields))

    def _add_host_result(self, host: str, **fields: Any) -> None:
        self.outbox.put(lambda: self._writer.add_host_result(host, **fields), _size_of(fields))


def _size_of(result: dict[str, Any]) -> int:
    return len(result["message"]) + len(result["diff"]) + len(result["result"])


def _has_no_room(folder: str) -> bool:
    """True if its disk is down to the last blocks or inodes."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        return False
    return disk.f_bavail * disk.f_frsize < ROOM_BYTES or (disk.f_files > 0 and not disk.f_favail)


def describe_channel_failure(channel: ChannelReader) -> Outcome | None:
    """The failed outcome if the channel has failed; None while it works."""
    if channel.failed is None:
        return None
    # Only our own messages: those of other errors may contain output.
    is_ours = isinstance(channel.failed, BrokenChannel)
    reason = channel.failed if is_ours else type(channel.failed).__name__
    return Outcome.failed(
        Job.FailureKind.INTERNAL,
        f"Ansible's events could no longer be read ({reason}), so the run was stopped. The log "
        "shows what was done until then.",
    )
