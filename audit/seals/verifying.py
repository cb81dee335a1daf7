"""Compare the audit trail with its seals, the heads outside the database, and the triggers.

Reads every line once, in batches, and changes nothing. 10 million lines take some minutes.
"""

from collections import deque
from collections.abc import Iterator
from pathlib import Path

from django.db import DEFAULT_DB_ALIAS, connection

from audit.models import AuditLog, Seal
from audit.rights import HARMFUL, rights_on_trail
from audit.triggers import find_altered

from .actors import ActorCheck
from .findings import Finding, Verification
from .heads import Head, read_heads
from .lines import LOWEST, ReadLine, read_lines
from .signing import is_signed


def verify_trail(heads_file: Path | None) -> Verification:
    """Check everything; `heads_file` None: without the heads. Raises no error for what it finds."""
    found, actors = Verification(), ActorCheck()
    heads = _read_heads(heads_file, found)
    last = _check_seals(found, actors, heads)
    _check_rest(found, actors, last)
    for finding in _missing_heads(heads, last):
        found.add(finding)
    for finding in actors.findings():
        found.add(finding)
    _check_triggers(found)
    _tell(found, actors, last)
    return found


def _read_heads(path: Path | None, found: Verification) -> dict[int, Head]:
    """{seal: its head}; the first counts, should a seal have several."""
    heads: dict[int, Head] = {}
    if path is None:
        found.notes.append("Not compared with heads: AUDIT_HEADS_FILE is empty.")
        return heads
    try:
        for head in read_heads(path):
            heads.setdefault(head.seal, head)
    except FileNotFoundError:
        found.unknown.append(
            f"There are no heads in {path}: whether newest lines were removed together with their "
            "seals, nobody can tell. Name a copy with --heads."
        )
    except (OSError, ValueError) as error:
        found.unknown.append(f"The heads cannot be read: {error}")
    return heads


# --- Seals and their lines ------------------------------------------------------------------------


def _check_seals(found: Verification, actors: ActorCheck, heads: dict[int, Head]) -> Seal | None:
    """Check each seal, and the lines that it covers. Returns the last; its head is popped."""
    last: Seal | None = None
    unsigned: Seal | None = None
    for seal in _readable_seals(found):
        found.seals += 1
        if not seal.has_range:
            found.add(Finding("seal", f"{seal} was changed."))
            continue
        found.add(_broken_link(seal, last))
        found.add(_other_head(seal, heads.pop(seal.pk, None)))
        unsigned = None if is_signed(seal.sha256, seal.signature) else unsigned or seal
        is_first = last is None and not seal.previous
        after = LOWEST if is_first else max(LOWEST, seal.from_id - 1)
        lines = actors.watching(_counted(found, read_lines(after, seal.to_id)))
        found.add(_first_difference(seal, lines) if seal.is_whole else None)
        deque(lines, maxlen=0)  # the rest, for the actors
        last = seal
    if unsigned is not None:
        found.add(_unsigned(unsigned))
    return last


def _readable_seals(found: Verification) -> Iterator[Seal]:
    """All, or those up to one that cannot be read: SQLite stores anything in any column."""
    try:
        yield from Seal.objects.all().in_order()
    except (TypeError, ValueError) as error:
        text = f"A seal cannot be read ({error}), nor any after it: it was changed."
        found.add(Finding("seal", text))


def _counted(found: Verification, lines: Iterator[ReadLine]) -> Iterator[ReadLine]:
    for line in lines:
        found.lines += 1
        yield line


def _broken_link(seal: Seal, last: Seal | None) -> Finding | None:
    if not seal.is_whole:
        return Finding("seal", f"{seal} was changed.", seal.from_id)
    if last is None:
        if not seal.previous:
            return None
        text = f"{seal} is not the first: the seals before it were removed."
        return Finding(
            "seal", text, AuditLog.objects.order_by("id").values_list("id", flat=True).first()
        )
    if seal.previous == last.sha256 and seal.from_id == last.to_id + 1:
        return None
    if seal.from_id > last.to_id + 1:
        text = f"A seal between {last} and {seal} was removed."
    else:
        text = f"{seal} does not follow {last}: one of them was replaced."
    return Finding("seal", text, last.to_id + 1)


def _other_head(seal: Seal, head: Head | None) -> Finding | None:
    if head is None or head.sha256 == seal.sha256:
        return None
    text = (
        f"{seal} is not the seal whose head was written down at {head.sealed_at}: it was replaced."
    )
    return Finding("head", text, min(head.from_id, seal.from_id))


def _unsigned(seal: Seal) -> Finding:
    text = (
        f"{seal} is not signed with a key in ENCRYPTION_KEYS, nor is any after it: they were "
        "forged, or the key was removed."
    )
    return Finding("signature", text, seal.from_id)


def _first_difference(seal: Seal, lines: Iterator[ReadLine]) -> Finding | None:
    """The first line that is not as it was sealed."""
    sealed = seal.sealed_lines()
    expected = next(sealed, None)
    for line in lines:
        if expected is None or line.id < expected[0]:
            return Finding(
                "inserted", f"Line {line.id} was inserted after {seal} was made.", line.id
            )
        if line.id > expected[0]:
            return _removed(expected[0], seal)
        if line.sha256[:16] != expected[1]:
            return Finding("changed", f"Line {line.id} was changed.", line.id)
        expected = next(sealed, None)
    return _removed(expected[0], seal) if expected else None


def _removed(line: int, seal: Seal) -> Finding:
    if AuditLog.objects.filter(id__gt=line).exists():
        return Finding("removed", f"Line {line} was removed.", line)
    return Finding("truncated", f"Line {line} and all after it were removed ({seal}).", line)


# --- What follows the last seal -------------------------------------------------------------------


def _check_rest(found: Verification, actors: ActorCheck, last: Seal | None) -> None:
    for _line in actors.watching(read_lines(last.to_id if last else LOWEST)):
        found.unsealed += 1
    found.lines += found.unsealed


def _missing_heads(heads: dict[int, Head], last: Seal | None) -> Iterator[Finding]:
    """Heads without a seal, except seals made since the others were read."""
    for head in sorted(heads.values(), key=lambda head: head.seal):
        if not Seal.objects.filter(pk=head.seal, sha256=head.sha256).exists():
            yield _lost_seal(head)


def _lost_seal(head: Head) -> Finding:
    covered = f"lines {head.from_id} to {head.to_id}, sealed at {head.sealed_at}"
    lines = AuditLog.objects.filter(id__gte=head.from_id, id__lte=head.to_id)
    if lines[:1].exists():
        return Finding("head", f"Seal {head.seal} was removed ({covered}).", head.from_id)
    is_end = not AuditLog.objects.filter(id__gt=head.to_id).exists()
    return Finding(
        "truncated" if is_end else "removed",
        f"The {head.lines} lines from {head.from_id} on were removed, with seal {head.seal} "
        f"({covered}).",
        head.from_id,
    )


# --- The rest of the protection -------------------------------------------------------------------


def _check_triggers(found: Verification) -> None:
    altered = find_altered(DEFAULT_DB_ALIAS)
    if altered is None:
        found.notes.append("This database account may not see the triggers: they were not checked.")
    for text in altered or []:
        found.add(Finding("trigger", text))
    harmful = rights_on_trail(connection) & HARMFUL
    if harmful and connection.vendor != "sqlite":
        found.notes.append(
            f"This database account may use {', '.join(sorted(harmful))} on the trail: see "
            "docs/database.md for an account that may not."
        )


def _tell(found: Verification, actors: ActorCheck, last: Seal | None) -> None:
    if last is None:
        found.unknown.append("Nothing is sealed yet: `manage.py seal_audit` does it.")
    if found.unsealed:
        found.notes.append(
            f"{found.unsealed} line{'s are' if found.unsealed > 1 else ' is'} not sealed yet: "
            "changes to them would not show."
        )
    if actors.without_id:
        found.notes.append(
            f"{actors.without_id} line{'s are' if actors.without_id > 1 else ' is'} from before "
            "InfraOps kept the actor's id: whether their user was changed, nobody can tell."
        )
