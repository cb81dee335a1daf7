"""Real workers, kept running as by a service manager: a `run_worker` that ends is started anew.

One with its children is called a cluster here.
"""

import os
import signal
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

from django.db import DatabaseError, connection

from automation import children
from automation.models import Run
from automation.models.waiting import blockers
from inventory.ansible import processes
from tests.chaos.journal import Journal
from tests.private_servers import wait_until

# Lost wake-ups are made good every minute; longer waits with a free worker mean that all are stuck.
PATIENCE_SECONDS = 100
WORKERS = 2
# The index of the session in /proc/<pid>/stat after the command's name.
SESSION = 3


class Cluster:
    """One `manage.py run_worker`."""

    def __init__(self, number: int, folder: Path) -> None:
        self.name = f"cluster {number}"
        self.log = folder / f"cluster-{number}.log"
        self.started = 0
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = children.start_worker(output)
        self.started += 1

    def wait_until_ready(self) -> None:
        said = " running."
        wait_until(lambda: said in self.log.read_text(), seconds=60, what=f"“{said}” of a worker")

    @property
    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def members(self) -> list[int]:
        """Its processes, even if their main process is gone; without ansible's."""
        return [pid for pid in every_process() if session_of(pid) == self.process.pid]

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> bool:
        """Stop gracefully. False if it had to be killed."""
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
            return False
        return True


class Clusters(threading.Thread):
    """All clusters, and the thread that looks after them."""

    def __init__(self, count: int, folder: Path, journal: Journal) -> None:
        super().__init__(daemon=True)
        self.journal = journal
        self.each = [Cluster(number, folder) for number in range(1, count + 1)]
        self.stuck: list[str] = []
        self._is_over = threading.Event()
        self._idle_since = time.monotonic()
        for cluster in self.each:
            cluster.wait_until_ready()

    def run(self) -> None:
        while not self._is_over.wait(0.5):
            for cluster in self.each:
                if cluster.has_ended:
                    cluster.kill()  # as systemd does with what has outlived its main process
                    ended = f"{cluster.name}, it ended with {cluster.process.returncode}"
                    self.journal.note("cluster_restarted", ended)
                    cluster.start()
            self._restart_if_stuck()
        connection.close()

    def stop(self) -> list[str]:
        """Stop restarting, and stop all. Returns what should have healed itself."""
        self._is_over.set()
        self.join()
        hung = [cluster.name for cluster in self.each if not cluster.stop()]
        return [*self.stuck, *(f"{name} did not stop when asked." for name in hung)]

    def kill(self) -> None:
        """Kill all, after the harness itself broke."""
        self._is_over.set()
        for cluster in self.each:
            cluster.kill()

    def _restart_if_stuck(self) -> None:
        """So that the rest can be checked; that it was necessary is a violation."""
        now = time.monotonic()
        if not is_left_waiting():
            self._idle_since = now
        elif now - self._idle_since > PATIENCE_SECONDS:
            self.journal.note("cluster_stuck", "runs stay pending: all clusters are killed")
            self.stuck.append("Runs stayed pending although a worker was free.")
            for cluster in self.each:
                cluster.kill()
            self._idle_since = now


def is_left_waiting() -> bool:
    """True if a run waits only for a worker, and one is free."""
    try:
        running = Run.objects.running().count()
        waiting = Run.objects.pending().order_by("id")[:20]
        return running < WORKERS and any(not blockers(run) for run in waiting)
    except DatabaseError:
        connection.close()
        return False


def every_process() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def name_of(pid: int) -> str:
    """Which child of `run_worker` it is; "" if it has ended."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def session_of(pid: int) -> int:
    return _stat(pid, SESSION)


def parent_of(pid: int) -> int:
    return _stat(pid, 1)


def of_runs(folder: str) -> list[int]:
    """The processes of runs that use this temporary folder, and of no other harness."""
    return [pid for pid in every_process() if is_of_a_run(variables_of(pid), folder)]


def is_of_a_run(variables: dict[str, str], folder: str) -> bool:
    return processes.MARKER in variables and variables.get("TMPDIR") == folder


def variables_of(pid: int) -> dict[str, str]:
    """The environment it was started with; empty if it has ended."""
    try:
        text = Path(f"/proc/{pid}/environ").read_text(errors="replace")
    except OSError:
        return {}
    return dict(pair.split("=", 1) for pair in text.split("\0") if "=" in pair)


def _stat(pid: int, place: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return -1
    return int(fields[place]) if fields[0] != "Z" else -1
