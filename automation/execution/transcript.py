"""What comes of a run's events: lines, results, facts, and how it ended.

Fed by the thread that reads them. What has to be written goes into an outbox, for the thread that
has the database; what is asked at the end is asked when this one has ended.
"""

import logging
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from automation.models import Job, Outcome, Run

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

MAY_LACK = "The log or the list of tasks may lack something; the worker's own log has the details."
NO_SPACE = ("No space left on device", "[Errno 28]", "Disk quota exceeded", "[Errno 122]")

ROOM_BYTES = 64 * 1024


class Transcript:
    """Fed by `note`, in order; `close` at the end. Then `tally` and `facts` may be asked."""

    def __init__(self, run: Run, jobs: list[Job], masking: Masking, writer: LogWriter) -> None:
        self._run = run
        self._writer, self._masking = writer, masking
        self.outbox = Outbox()
        keys = {job.server.hostname: job.pk for job in jobs}
        addresses = [(job.server.ip_address, job.pk) for job in jobs]
        print_lines = self._add_printed if len(jobs) > 1 else None
        self._router = LogRouter(keys, self._add_line, addresses, masking, print_lines)
        self._results = TaskResults(keys, self._add_result, masking)
        self.facts = GatheredFacts(keys.keys(), masking)
        self.tally = Tally(masking, bool(run.tags or run.skip_tags or run.start_at_task))
        # Columns of the run, once Ansible has told them.
        self.versions: dict[str, str] = {}
        # Why the run must not go on, as an event told it.
        self.verdict: Outcome | None = None
        self._folder, self._no_room = "/nonexistent", ""
        self._heard_at = time.monotonic()
        self._skipped = 0

    def watch_room_in(self, folder: str, said: str) -> None:
        """A task that finds no room in this folder, which ends with “/”, ends the run with this
        reason."""
        self._folder, self._no_room = folder, said

    def note(self, event: Event) -> None:
        """One event, in the order in which they come."""
        self._heard_at = time.monotonic()
        takers = (self.tally.note, self._router.route, self._results.note, self.facts.note)
        for take in (*takers, self._hear_versions, self._judge):
            self._give(take, event)
        # At the end: while the database is away, this may have waited, and that is not its fault.
        self._heard_at = time.monotonic()

    def close(self, skipped: int = 0) -> None:
        """At the end of all events; so many of them could not be read."""
        if missing := skipped + self._skipped:
            said = f"[WARNING]: InfraOps could not read {missing} of Ansible's events. {MAY_LACK}"
            self._router.route(Event("text", datetime.now(UTC), f"{said}\n"))
        self._router.close()

    def _give(self, take: Callable[[Event], None], event: Event) -> None:
        """What one of them cannot deal with must not keep it from the others."""
        try:
            take(event)
        except Closed:
            raise
        except Exception:
            logger.exception("An event of the kind %s was skipped", event.kind)
            self._skipped += 1

    def silent_seconds(self) -> float:
        """How long nothing has come; 0 while the outbox keeps it waiting."""
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
                f"{self._run.worker_host}: {reason}. It would have gone on without it, so the run "
                "was stopped.",
            )
        if event.status in ("failed", "unreachable") and self._is_full(event):
            return Outcome.failed(Job.FailureKind.INTERNAL, self._no_room)
        return None

    def _is_full(self, event: Event) -> bool:
        """Whether it failed for want of room in the run's own folder, and not on the server.
        Ansible seldom says where."""
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
        size = len(fields["message"]) + len(fields["diff"]) + len(fields["result"])
        self.outbox.put(lambda: self._writer.add_result(job_id, **fields), size)


def _has_no_room(folder: str) -> bool:
    """Whether its disk has neither a few blocks nor an inode left."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        return False
    return disk.f_bavail * disk.f_frsize < ROOM_BYTES or (disk.f_files > 0 and not disk.f_favail)


def describe_channel_failure(channel: ChannelReader) -> Outcome | None:
    """Why a run cannot go on when its channel has failed; None while it works."""
    if channel.failed is None:
        return None
    # Only our own words: what another error says may hold output.
    is_ours = isinstance(channel.failed, BrokenChannel)
    reason = channel.failed if is_ours else type(channel.failed).__name__
    return Outcome.failed(
        Job.FailureKind.INTERNAL,
        f"What Ansible reports could not be followed any more ({reason}), so the run was "
        "stopped. What had been done until then is in the log.",
    )
