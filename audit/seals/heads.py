"""Heads of seals, outside the database: in AUDIT_HEADS_FILE and in the system log.

A head is a JSON line with everything of a seal but its digests. Whoever truncates the trail, or
makes a new chain of seals, cannot take back the heads of the old one.
"""

import fcntl
import json
import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC
from logging.handlers import SysLogHandler
from pathlib import Path
from typing import IO, Any

from django.conf import settings

from audit.models import Seal

logger = logging.getLogger(__name__)

# Longer than any head.
TAIL_BYTES = 4_096


@dataclass(frozen=True)
class Head:
    seal: int
    from_id: int
    to_id: int
    lines: int
    previous: str
    sha256: str
    sealed_at: str

    @classmethod
    def of(cls, seal: Seal) -> "Head":
        moment = seal.sealed_at.astimezone(UTC).isoformat()
        named = seal.from_id, seal.to_id, seal.lines, seal.previous, seal.sha256
        return cls(seal.pk, *named, moment)

    @classmethod
    def parsed(cls, text: str) -> "Head":
        """From a line of the file, or of a system log. Raises ValueError."""
        try:
            return cls(**json.loads(text[text.index("{") :]))
        except (TypeError, RecursionError):
            raise ValueError(text) from None

    def __str__(self) -> str:
        return json.dumps(asdict(self))


def publish_heads(since: int = 0) -> None:
    """Write the heads that the file lacks, and send them to the system log.

    Without a file, those of seals with an id above `since`. Errors are logged: the seals stand, and
    the next call writes what is missing.
    """
    try:
        if settings.AUDIT_HEADS_FILE:
            with _opened(Path(settings.AUDIT_HEADS_FILE)) as file:
                _append(file, _later_than(_last_in(file)))
        else:
            _send(list(_later_than(since)))
    except (OSError, ValueError) as error:
        logger.error("The heads of audit seals could not be written: %s", error)


def read_heads(path: Path) -> Iterator[Head]:
    """The heads in a file. Raises OSError, or ValueError for a line that is none."""
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith("\n"):
                return  # being written, or cut off when the machine stopped
            if line.strip():
                yield _parsed(path, number, line)


def _parsed(path: Path, number: int, line: str) -> Head:
    try:
        return Head.parsed(line)
    except ValueError:
        raise ValueError(f"Line {number} of {path} is not a head.") from None


def _opened(path: Path) -> IO[bytes]:
    """For appending; locked until it is closed. A link in its place is refused."""
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    file = os.fdopen(os.open(path, flags, 0o600), "r+b")
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


def _last_in(file: IO[bytes]) -> int:
    """The id of the last seal whose head is in the file; 0 for an empty one."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - TAIL_BYTES))
    whole = file.read().rpartition(b"\n")
    if whole[2]:  # a line that was cut off when the machine stopped: it is written again
        file.truncate(size - len(whole[2]))
    last = whole[0].rpartition(b"\n")[2]
    return Head.parsed(last.decode()).seal if last else 0


def _later_than(number: int) -> Iterator[Head]:
    return map(Head.of, Seal.objects.light().in_order(number, at_once=500))


def _append(file: IO[bytes], heads: Iterable[Head]) -> None:
    for head in heads:
        file.write(f"{head}\n".encode())
        _send([head])
    file.flush()
    os.fsync(file.fileno())


def _send(heads: list[Head]) -> None:
    """To the system log, if there is one."""
    address: Any = settings.AUDIT_SYSLOG
    if not heads or not address or (address.startswith("/") and not Path(address).exists()):
        return
    if not address.startswith("/"):
        host, _, port = address.rpartition(":")
        address = (host, int(port))
    handler = SysLogHandler(address, facility=SysLogHandler.LOG_AUTHPRIV)
    handler.ident, handler.append_nul = "infraops-audit: ", False
    try:
        for head in heads:
            handler.emit(logging.makeLogRecord({"msg": str(head), "levelname": "INFO"}))
    finally:
        handler.close()
