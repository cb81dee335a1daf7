"""What can go wrong. `start` returns what it hit ("": nothing); `heal` ends it."""

import os
import random
import signal
from contextlib import suppress
from pathlib import Path

from tests.chaos import clusters
from tests.chaos.world import World


class Fault:
    """`lasts`: minimum and maximum, relative to the longest outage; (0, 0) if it is momentary.

    Faults with the same `subject` do not happen at the same time.
    """

    lasts = (0.0, 0.0)
    subject = ""

    def __init__(self, world: World, pick: float) -> None:
        self.world = world
        self.chance = random.Random(pick)

    def start(self) -> str:
        raise NotImplementedError

    def heal(self) -> None:
        pass

    def busy_workers(self) -> list[int]:
        sessions = {cluster.process.pid for cluster in self.world.clusters.each}
        parents = {clusters.parent_of(pid) for pid in self.of_runs()}
        return sorted(pid for pid in parents if clusters.session_of(pid) in sessions)

    def named(self, name: str) -> list[int]:
        """The children of all clusters whose name begins so."""
        members = [pid for cluster in self.world.clusters.each for pid in cluster.members()]
        return sorted(pid for pid in members if clusters.name_of(pid).startswith(name))

    def of_runs(self) -> list[int]:
        return clusters.of_runs(self.world.temporary)

    def signal_one(self, pids: list[int], number: int) -> str:
        """Send the signal to one of them. Returns its description, or "" if there is none."""
        if not pids:
            return ""
        pid = self.chance.choice(pids)
        name = _name_of(pid)
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        return f"{pid} ({name})"


class WorkerKilled(Fault):
    def start(self) -> str:
        return self.signal_one(self.busy_workers(), signal.SIGKILL)


class ProcessKilled(Fault):
    """Any process of a cluster: its main process, an idle worker or a busy one."""

    def start(self) -> str:
        return self.signal_one(
            self.chance.choice(self.world.clusters.each).members(), signal.SIGKILL
        )


class IdleWorkerKilled(Fault):
    def start(self) -> str:
        idle = set(self.named("worker")) - set(self.busy_workers())
        return self.signal_one(sorted(idle), signal.SIGKILL)


class QueueReaderKilled(Fault):
    def start(self) -> str:
        return self.signal_one(self.named("queue reader"), signal.SIGKILL)


class ReaperKilled(Fault):
    def start(self) -> str:
        return self.signal_one(self.named("reaper"), signal.SIGKILL)


class SupervisorKilled(Fault):
    """The main process of `run_worker` alone: its children have to notice."""

    def start(self) -> str:
        cluster = self.chance.choice(self.world.clusters.each)
        return self.signal_one([cluster.process.pid], signal.SIGKILL)


class ClusterKilled(Fault):
    def start(self) -> str:
        cluster = self.chance.choice(self.world.clusters.each)
        cluster.kill()
        return cluster.name


class ClusterStopped(Fault):
    """Gracefully, as in a release."""

    def start(self) -> str:
        cluster = self.chance.choice(self.world.clusters.each)
        cluster.process.terminate()
        return cluster.name


class AnsibleKilled(Fault):
    """ansible-playbook itself, one of its workers, or something that a task started."""

    def start(self) -> str:
        return self.signal_one(self.of_runs(), signal.SIGKILL)


class WorkerSuspended(Fault):
    """It stands still for longer than it takes to be given up, then goes on."""

    lasts = (0.4, 1.33)

    def start(self) -> str:
        workers = self.busy_workers()
        self.pid = self.chance.choice(workers) if workers else 0
        return self.signal_one([self.pid], signal.SIGSTOP) if self.pid else ""

    def heal(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGCONT)


class DatabaseFrozen(Fault):
    lasts = (0.1, 1.0)
    subject = "database"

    def start(self) -> str:
        self.world.database.freeze()
        return "answers nobody"

    def heal(self) -> None:
        self.world.database.thaw()


class DatabaseKilled(Fault):
    lasts = (0.1, 1.0)
    subject = "database"

    def start(self) -> str:
        self.world.database.kill()
        return "is gone"

    def heal(self) -> None:
        self.world.database.start()


class AnswersLost(Fault):
    lasts = (0.2, 0.6)

    def start(self) -> str:
        self.world.database.lose_answers(to_commits=True)
        return "to one COMMIT in four"

    def heal(self) -> None:
        self.world.database.lose_answers(to_commits=False)


class DiskFull(Fault):
    lasts = (0.02, 0.5)
    subject = "disk"

    @property
    def filler(self) -> Path:
        return self.world.run_root / "filler"

    def start(self) -> str:
        with suppress(OSError), self.filler.open("wb", buffering=0) as file:
            while file.write(bytes(65536)):
                pass
        with suppress(OSError), self.filler.open("ab", buffering=0) as file:
            while file.write(b"x"):
                pass
        return str(self.world.run_root)

    def heal(self) -> None:
        self.filler.unlink(missing_ok=True)


class EverythingAtOnce(Fault):
    lasts = (0.1, 0.5)
    subject = "database"

    def start(self) -> str:
        kinds = ["worker_suspended", "worker_killed", "cluster_killed", "ansible_killed"]
        kinds += ["disk_full", "database_frozen"]
        possible = [KINDS[kind] for kind in kinds if kind not in self.world.left_out]
        self.parts = [kind(self.world, self.chance.random()) for kind in possible]
        said = [part.start() for part in self.parts]
        return ", ".join(filter(None, said))

    def heal(self) -> None:
        for part in self.parts:
            part.heal()


KINDS: dict[str, type[Fault]] = {
    "worker_killed": WorkerKilled,
    "process_killed": ProcessKilled,
    "idle_worker_killed": IdleWorkerKilled,
    "queue_reader_killed": QueueReaderKilled,
    "reaper_killed": ReaperKilled,
    "supervisor_killed": SupervisorKilled,
    "cluster_killed": ClusterKilled,
    "cluster_stopped": ClusterStopped,
    "ansible_killed": AnsibleKilled,
    "worker_suspended": WorkerSuspended,
    "database_frozen": DatabaseFrozen,
    "database_killed": DatabaseKilled,
    "answers_lost": AnswersLost,
    "disk_full": DiskFull,
    "everything_at_once": EverythingAtOnce,
}


def _name_of(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")
    except OSError:
        return "has ended"
    return " ".join(word.rpartition("/")[2] for word in words if word)[:60]
