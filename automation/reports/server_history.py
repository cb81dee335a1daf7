"""How a server has fared: its last jobs, its last connection check, and the run that holds it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from django.db.models import prefetch_related_objects

from automation.content.playbook_files import BUILTIN
from automation.models import Job, Playbook, ServerLock
from inventory.models import Server

from .track_record import Seconds, TrackRecord

SHOWN, LISTED = 50, 10
CHECK = f"{BUILTIN}check_connection.yml"


@dataclass(frozen=True)
class ServerHistory:
    # Newest first.
    jobs: Sequence[Job]
    last_check: Job | None
    lock: ServerLock | None

    @property
    def strip(self) -> list[Job]:
        """The jobs, newest last."""
        return list(reversed(self.jobs))

    @property
    def listed(self) -> Sequence[Job]:
        return self.jobs[:LISTED]

    @property
    def last_job(self) -> Job | None:
        return self.jobs[0] if self.jobs else None

    @cached_property
    def record(self) -> TrackRecord:
        return TrackRecord([(_seconds_of(job), job.status) for job in self.jobs])


def read_server_history(server_id: int) -> ServerHistory:
    """Five queries, however many jobs the server has."""
    own = Job.objects.filter(server=server_id).defer("extra_vars", "counts").order_by("-id")
    jobs = list(own[:SHOWN])
    check = Playbook.objects.filter(file_path=CHECK).values("pk")[:1]
    last_check = own.filter(playbook=check).first()
    # Not joined: see JobQuerySet.recent.
    prefetch_related_objects(jobs, "playbook", "user")
    lock = ServerLock.objects.select_related("run__playbook", "run__launched_by")
    return ServerHistory(jobs, last_check, lock.filter(server=server_id).first())


def summarize_server(server: Server) -> dict[str, object]:
    """The same in figures, for the API."""
    history = read_server_history(server.pk)
    return {
        "server_id": server.pk,
        "last_job": history.last_job,
        "last_check": history.last_check,
        "recent_jobs": len(history.jobs),
        "recent_succeeded": history.record.succeeded,
        "recent_failed": history.record.failed,
        "success_percent": history.record.success_rate,
        "held_by_run": history.lock.run_id if history.lock else None,
    }


def _seconds_of(job: Job) -> Seconds | None:
    return job.duration.total_seconds() if job.duration is not None else None
