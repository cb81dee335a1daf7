"""Seal audit lines, range by range; each seal covers the one before it."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from audit.models import AuditLog, Seal
from schema.retrying import is_one_of

from .heads import publish_heads
from .lines import LOWEST, read_lines
from .signing import is_signed, sign

LINES_IN_A_SEAL = 5_000
# Younger lines are left for the next time: on MySQL and MariaDB, ids commit out of order.
SETTLED_AFTER = timedelta(seconds=60)
SHARED = "SELECT COUNT(*) FROM audit_logs FORCE INDEX (PRIMARY) WHERE id > %s AND id <= %s "
# What another transaction is still writing (NOWAIT): MariaDB, MySQL.
STILL_WRITTEN = {1205, 3572}


class SealingStopped(Exception):
    """The newest seal is not intact: nothing may be linked to it unseen."""


@dataclass
class Sealing:
    """What was sealed.

    `is_waiting`: a transaction is still writing the lines that are next. `heads_error`: why heads
    were not written down or sent, if so.
    """

    lines: int = 0
    seals: int = 0
    up_to: int = 0
    is_waiting: bool = False
    heads_error: str = ""


def seal_trail(*, most: int | None = None, resume: bool = False) -> Sealing:
    """Seal all lines older than a minute, or at most `most` seals; publish the heads.

    Each seal is a transaction: an interrupted call can be repeated, and two at the same time do no
    harm. `resume` links to a newest seal that is not intact. Raises SealingStopped.
    """
    newest = newest_seal()
    done = Sealing(up_to=newest.to_id if newest else 0)
    try:
        while most is None or done.seals < most:
            if not _seal_next(done, resume):
                break
            resume = False
    finally:
        done.heads_error = publish_heads(newest.pk if newest else 0)
    return done


def _seal_next(done: Sealing, resume: bool) -> bool:
    """False if there is nothing to seal now."""
    last = newest_seal()
    if last is not None:
        _refuse_broken(last, resume)
    to_id = _last_settled(last.to_id if last else LOWEST)
    if to_id is None:
        return False
    if _is_being_written(last, to_id):
        done.is_waiting = True
        return False
    seal = make_seal(last, to_id)
    try:
        with transaction.atomic():
            seal.save(force_insert=True)
    except IntegrityError:
        _refuse_obstacle(last, seal)
        return True
    done.lines, done.seals, done.up_to = done.lines + seal.lines, done.seals + 1, to_id
    return True


def fault_of(seal: Seal) -> str:
    """Why nothing may be linked to it unseen; "" if it is as it was made."""
    if not seal.is_whole:
        return f"{seal} was changed."
    if not is_signed(seal.sha256, seal.signature):
        return (
            f"{seal} is not signed with a key in ENCRYPTION_KEYS: it was forged, or its key was "
            "removed."
        )
    return ""


def ends_beyond(seal: Seal) -> str:
    """A sentence if it covers lines that do not exist; new lines below them are never sealed."""
    newest = AuditLog.objects.order_by("-id").values_list("id", flat=True).first() or 0
    if seal.to_id <= newest:
        return ""
    return f"{seal} covers lines that do not exist: the newest line is {newest}."


def newest_seal() -> Seal | None:
    """Raises SealingStopped for one that cannot be read: SQLite stores anything in any column."""
    try:
        seal = Seal.objects.newest()
    except (TypeError, ValueError) as error:
        raise SealingStopped(f"The newest seal cannot be read ({error}): it was changed.") from None
    if seal is not None and not (seal.has_range and seal.sealed_at):
        raise SealingStopped(f"{seal} was changed.")
    return seal


def _refuse_broken(seal: Seal, resume: bool) -> None:
    fault = fault_of(seal)
    if fault and not resume:
        raise SealingStopped(fault)
    if fault and (beyond := ends_beyond(seal)):
        raise SealingStopped(
            f"{fault} {beyond} Nothing can follow it: keep a copy of it, and remove it as "
            "docs/operations.md says."
        )


def _refuse_obstacle(last: Seal | None, seal: Seal) -> None:
    """Another process may have sealed the same lines at this moment; then there is a newer seal."""
    newest = Seal.objects.light().newest()
    if newest is None or (last is not None and newest.pk <= last.pk):
        raise SealingStopped(f"An older seal already begins at line {seal.from_id}.")


def _last_settled(after: int) -> int | None:
    """The id of the last old line among the next ones.

    Younger lines before it are sealed with it: a clock that was ahead, for however many lines, must
    not stop the sealing.
    """
    following = AuditLog.objects.order_by("id").filter(id__gt=after).values_list("id", flat=True)
    keys = list(following[:LINES_IN_A_SEAL])
    if not keys:
        return None
    old = following.filter(timestamp__lte=timezone.now() - SETTLED_AFTER)
    if len(keys) == LINES_IN_A_SEAL and old.filter(id__gt=keys[-1]).exists():
        return keys[-1]
    return old.filter(id__lte=keys[-1]).order_by("-id").first()


def _is_being_written(last: Seal | None, to_id: int) -> bool:
    """True if a transaction that has not ended yet has inserted a line up to this id.

    Its line would later appear within a sealed range, like a forged one. SQLite has one writer at a
    time: what is younger is written later.
    """
    if connection.vendor == "sqlite":
        return False
    sql = SHARED + (
        "LOCK IN SHARE MODE" if getattr(connection, "mysql_is_mariadb", False) else "FOR SHARE"
    )
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"{sql} NOWAIT", [last.to_id if last else LOWEST, to_id])
    except DatabaseError as error:
        if is_one_of(error, STILL_WRITTEN, ()):
            return True
        raise
    return False


def make_seal(last: Seal | None, to_id: int) -> Seal:
    """The seal, not saved yet, over the lines after the last one up to `to_id`."""
    lines = list(read_lines(last.to_id if last else LOWEST, to_id))
    seal = Seal(
        from_id=last.to_id + 1 if last else min(1, lines[0].id),
        to_id=to_id,
        lines=len(lines),
        digests=Seal.pack((line.id, line.sha256) for line in lines),
        previous=last.sha256 if last else "",
        sealed_at=timezone.now(),
    )
    seal.sha256 = seal.computed_sha256()
    seal.signature = sign(seal.sha256)
    return seal
