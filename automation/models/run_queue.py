"""The queue: which runs wait, which one a worker claims next, and which become free to start."""

from __future__ import annotations

import socket
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from django.db import models, transaction
from django.utils import timezone

from audit.models import AuditLog
from inventory.ansible import processes
from inventory.models import Server
from schema.retrying import insisting

from .jobs import Job
from .run_states import RunStates
from .server_locks import ServerLock
from .workers import ALIVE_FOR

if TYPE_CHECKING:
    from .runs import Run

# How many waiting runs a claim looks at; those behind them have to wait longer.
CLAIM_WINDOW = 200


class RunQuerySet(models.QuerySet["Run"]):
    def pending(self) -> Self:
        return self.filter(state=RunStates.State.PENDING)

    def waiting(self) -> Self:
        """Pending and not held: the queue."""
        return self.pending().filter(held_until=None)

    def running(self) -> Self:
        return self.filter(state=RunStates.State.RUNNING)

    def running_here(self) -> Self:
        """Running on this machine, in processes that this one can check by pid."""
        here = {"worker_host": socket.gethostname(), "claim_token__endswith": processes.place()}
        return self.running().filter(**here)

    def beating(self) -> Self:
        """Running with a recent heartbeat, which also proves that their workers are alive."""
        return self.running().filter(heartbeat_at__gt=timezone.now() - ALIVE_FOR)

    @transaction.atomic
    def enqueue(self, run: Run, servers: list[Server], **recorded: Any) -> Run:
        """Create the run and its pending jobs, record it, and wake a worker on commit.

        Only for launching.launch, which has checked run and servers.
        """
        run.save(force_insert=True)
        Job.objects.bulk_create(
            Job(
                run=run,
                playbook=run.playbook,
                server=server,
                user=run.launched_by,
                extra_vars=run.extra_vars,
            )
            for server in servers
        )
        AuditLog.objects.record(
            "run.launched",
            run,
            actor=run.launched_by,
            playbook=str(run.playbook),
            servers=[str(server) for server in servers][:100],
            server_count=len(servers),
            jobs=[str(job.job_id) for job in run.jobs.order_by("id")[:100]],
            options=run.options(),
            **({"login": str(run.credential)} if run.credential else {}),
            **({"relaunch_of": run.relaunch_of_id} if run.relaunch_of_id else {}),
            **({"chosen_by": run.chosen_by} if run.chosen_by else {}),
            **({"held": run.held_words} if run.is_held else {}),
            **({"overridden": run.overridden} if run.overridden else {}),
            **recorded,
        )
        if not run.is_held:
            # Robust: if Redis is down, the run starts at the wake-up that comes every minute.
            transaction.on_commit(run.wake_worker, robust=True)
        return run

    def claim_next(self) -> Run | None:
        """Claim the oldest pending run whose servers are free; None if there is none.

        A run that waits for a server reserves it against those behind, so that many small runs
        cannot starve a large one.
        """
        busy = set(ServerLock.objects.values_list("server_id", flat=True))
        # Not joined: MariaDB might start with the users, and read all their runs.
        waiting = self.waiting().prefetch_related("playbook", "launched_by").order_by("id")
        runs = list(waiting[:CLAIM_WINDOW])
        for run in runs:
            wanted = set(run.jobs.values_list("server_id", flat=True))
            if not wanted & busy and run.claim(wanted):
                return run
            if run.state == RunStates.State.PENDING and not run.is_held:
                busy |= wanted  # it keeps waiting, or another worker has just claimed it
        # Runs that are now held have left the queue, so there may be others behind the window.
        return self.claim_next() if any(run.is_held for run in runs) else None

    def wake_next(self) -> bool:
        """Queue a wake-up if any run waits. Returns whether one does.

        Called whenever a run may have become free to start: at each claim, so that idle workers
        take the next run, at each end, and every minute in case a wake-up was lost. Also releases
        held runs that are due.
        """
        self._release_due()
        waiting = self.waiting().order_by("id").first()
        if waiting is not None:
            waiting.wake_worker()
        return waiting is not None

    def _release_due(self) -> None:
        now = timezone.now()
        due = self.pending().filter(held_until__lte=now).order_by("held_until")
        for run in due.prefetch_related("playbook")[:CLAIM_WINDOW]:
            # May deadlock with whoever releases or cancels it at the same moment.
            insisting(partial(run.release, now), for_seconds=5)
