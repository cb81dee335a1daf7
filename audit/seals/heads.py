"""Heads of seals, outside the database: in AUDIT_HEADS_FILE and in the system log.

A head is a JSON line with everything of a seal but its digests. Whoever truncates the trail, or
makes a new chain of seals, cannot take back the heads of the old one.
"""

import fcntl
import json
import logging
import os
from collections.abc import Iterator
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
# How each line of the file begins.
START = b'{"seal": '
# For a system log that does not read.
SEND_SECONDS = 5
BIGGEST = 2**63
# What journalctl prints between the lines: "-- Boot 7f0c… --".
JOURNAL = "-- "


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
            head = cls(**json.loads(text[text.index("{") :]))
        except (TypeError, RecursionError):
            raise ValueError(text) from None
        numbers = head.seal, head.from_id, head.to_id, head.lines
        texts = head.previous, head.sha256, head.sealed_at
        if not all(type(each) is int and abs(each) < BIGGEST for each in numbers) or not all(
            isinstance(each, str) for each in texts
        ):
            raise ValueError(text)
        return head

    def __str__(self) -> str:
        return json.dumps(asdict(self))


def publish_heads(since: int = 0) -> str:
    """Write the heads that the file lacks, and send them to the system log.

    Without a file, or if it cannot be written, those of seals with an id above `since` are sent.
    Returns what went wrong, which is also logged: the seals stand, and the next call writes what is
    missing.
    """
    errors = []
    try:
        heads = _write_missing() if settings.AUDIT_HEADS_FILE else _later_than(since)
    except (OSError, ValueError) as error:
        errors.append(f"The heads of audit seals could not be written: {error}")
        heads = _later_than(since)
    try:
        _send(heads)
    except (OSError, ValueError, OverflowError) as error:  # the last: no such port
        errors.append(
            "The heads of audit seals could not be sent to the system log "
            f"({settings.AUDIT_SYSLOG}): {error}"
        )
    for text in errors:
        logger.error(text)
    return " ".join(errors)


def read_heads(path: Path) -> Iterator[Head]:
    """The heads in a file. Raises OSError, or ValueError for a line that is none."""
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith("\n"):
                return  # being written, or cut off when the machine stopped
            if line.strip() and not line.startswith(JOURNAL):
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


def _write_missing() -> list[Head]:
    """Append the heads that the file lacks. Returns them."""
    path = Path(settings.AUDIT_HEADS_FILE)
    with _opened(path) as file:
        last = _last_in(file)
        if last and not Seal.objects.filter(pk=last.seal, sha256=last.sha256).exists():
            raise ValueError(
                f"the database does not have seal {last.seal}, the last in {path}. Run `manage.py "
                "verify_audit`; after the restore of a backup, put that file aside."
            )
        heads = _later_than(last.seal if last else 0)
        for head in heads:
            file.write(f"{head}\n".encode())
        file.flush()
        os.fsync(file.fileno())
    return heads


def _last_in(file: IO[bytes]) -> Head | None:
    """The last head in the file; None for an empty one. Raises ValueError for another file."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - TAIL_BYTES))
    lines, _, rest = file.read().rpartition(b"\n")
    last = lines.rpartition(b"\n")[2]
    head = Head.parsed(last.decode()) if last else None
    if rest:  # a line that was cut off when the machine stopped: it is written again
        if rest[: len(START)] != START[: len(rest)]:
            raise ValueError(f"{settings.AUDIT_HEADS_FILE} is not a file of heads.")
        file.truncate(size - len(rest))
    return head


def _later_than(number: int) -> list[Head]:
    return [Head.of(seal) for seal in Seal.objects.light().in_order(number, at_once=500)]


class _Handler(SysLogHandler):
    """Raises errors, which Python's own prints."""

    def handleError(self, record: logging.LogRecord) -> None:
        raise


def _send(heads: list[Head]) -> None:
    """To the system log, if there is one."""
    address: Any = settings.AUDIT_SYSLOG
    if not heads or not address or (address.startswith("/") and not Path(address).exists()):
        return
    if not address.startswith("/"):
        host, _, port = address.rpartition(":")
        address = (host, int(port))
    handler = _Handler(address, facility=SysLogHandler.LOG_AUTHPRIV)
    handler.ident, handler.append_nul = "infraops-audit: ", False
    handler.socket.settimeout(SEND_SECONDS)  # type: ignore[attr-defined]
    try:
        for head in heads:
            handler.emit(logging.makeLogRecord({"msg": str(head), "levelname": "INFO"}))
    finally:
        handler.close()
