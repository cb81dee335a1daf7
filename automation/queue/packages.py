"""What arrives over the queue: signed packages, each of which names a function to run."""

import pickle
from typing import Any

from django_q import core_signing as signing
from django_q.conf import Conf

from console.collected import QueueTask
from console.parts import parts_of, remembered

from .plain_pickles import PlainSerializer

# A package for a task of ours has nothing else. Left out on purpose: `hook` and `chain` name
# further functions, `cached` and `iter_…` unpickle what lies in the cache, `sync` runs at once.
KEYS = {"id", "name", "func", "args", "kwargs", "started", "group", "cluster", "ack_failure"}
# Ours have a few hundred characters.
LONGEST = 100_000
LONGEST_SHOWN = 200


class Foreign(Exception):
    """A package or a schedule that no worker may run: why, and what it names."""

    def __init__(self, reason: str, **details: Any) -> None:
        super().__init__(reason)
        self.details = {name: shown(value) for name, value in details.items() if value}


@remembered
def task_functions() -> frozenset[str]:
    """The functions that workers run, by their dotted paths."""
    return frozenset(part.function for part in parts_of(QueueTask))


def read_package(payload: str | bytes) -> dict[str, Any]:
    """The task in a package, without running anything that it contains. Raises Foreign."""
    if len(payload) > LONGEST:
        raise Foreign("It is too large.")
    try:
        task = signing.loads(
            payload, key=Conf.SECRET_KEY, salt=Conf.PREFIX, serializer=PlainSerializer
        )
    except signing.BadSignature:
        raise Foreign("It is not signed with this installation's SECRET_KEY.") from None
    except pickle.UnpicklingError as error:
        raise Foreign("It contains more than plain values.", contents=error) from None
    except Exception as error:
        raise Foreign("It cannot be read.", contents=type(error).__name__) from None
    refuse_foreign(task)
    return task


def refuse_foreign(task: Any) -> None:
    """Raise Foreign unless the task is one of ours, and nothing besides."""
    if not isinstance(task, dict):
        raise Foreign("It is not a task.")
    named = {name: task.get(name) for name in ("func", "hook", "chain")}
    if not isinstance(task.get("func"), str) or task["func"] not in task_functions():
        raise Foreign("Its function is not a task of this project.", **named)
    if more := sorted(str(key) for key, value in task.items() if key not in KEYS and value):
        raise Foreign(f"It sets {', '.join(more)}.", **named)


def shown(value: Any) -> str:
    """A hostile value for logs and audit trail: ASCII, shortened."""
    text = str(value).encode("ascii", "backslashreplace").decode()
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
