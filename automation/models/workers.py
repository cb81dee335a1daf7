"""workers: the processes that claim runs, and when each was last seen."""

from __future__ import annotations

import os
import socket
from datetime import timedelta
from typing import Self

from django.db import models
from django.utils import timezone

# A worker sends a heartbeat at its start, with each task and with its run's heartbeats; the queue
# brings a task every minute. Two and a half minutes allow for a late one.
ALIVE_FOR = timedelta(seconds=150)


class WorkerQuerySet(models.QuerySet["Worker"]):
    def beat(self) -> None:
        """Record that this process is alive."""
        Worker.objects.update_or_create(
            host=socket.gethostname(), pid=os.getpid(), defaults={"seen_at": timezone.now()}
        )

    def leave(self) -> None:
        """Record that this process ends."""
        self.filter(host=socket.gethostname(), pid=os.getpid()).delete()

    def alive(self) -> Self:
        return self.filter(seen_at__gt=timezone.now() - ALIVE_FOR)

    def forget_old(self) -> None:
        """Delete rows of processes that ended long ago."""
        self.filter(seen_at__lt=timezone.now() - timedelta(days=1)).delete()


class Worker(models.Model):
    host = models.CharField(max_length=255)
    pid = models.IntegerField()
    seen_at = models.DateTimeField(db_index=True)

    objects = WorkerQuerySet.as_manager()

    class Meta:
        db_table = "workers"
        constraints = [models.UniqueConstraint(fields=["host", "pid"], name="uq_workers_host_pid")]

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}"

    @property
    def is_alive(self) -> bool:
        return timezone.now() - self.seen_at < ALIVE_FOR
