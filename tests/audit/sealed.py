"""A sealed trail, and what an attacker with all rights on the database does to it."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from audit import triggers
from audit.models import AuditLog, Seal
from audit.seals.findings import Verification
from audit.seals.sealing import seal_trail
from audit.seals.verifying import verify_trail

ACTORLESS = {"actor": "system", "actor_id": None, "note": "Before", "seconds": 1.5}


def newest_line() -> int:
    return AuditLog.objects.order_by("-id").values_list("id", flat=True).first() or 0


def execute(statement: str, *params: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


def forge(statement: str, *params: Any) -> None:
    """Without the triggers, which an attacker puts back afterwards."""
    triggers.drop("default")
    with connection.constraint_checks_disabled():
        execute(statement, *params)
    triggers.ensure_triggers("default")


def insert_line(pk: int) -> None:
    """An INSERT needs no trigger dropped: the application's account may do it."""
    execute(
        "INSERT INTO audit_logs (id, action, resource_type, details, user_agent, timestamp) "
        "VALUES (%s, 'forged.line', '', %s, '', '2026-01-01 00:00:00')",
        pk,
        '{"actor": "system", "actor_id": null}',
    )


def verify() -> Verification:
    return verify_trail(Path(settings.AUDIT_HEADS_FILE))


def found() -> list[tuple[str, int | None]]:
    """(kind, line) of each finding."""
    return [(finding.kind, finding.line) for finding in verify().findings]


def remake_chain(*, signature: str | None = None) -> None:
    """New seals over the lines as they are now, as the code of InfraOps makes them.

    Without the console's keys, an attacker has to make up the signature.
    """
    forge("DELETE FROM audit_seals")
    heads = Path(settings.AUDIT_HEADS_FILE)
    kept = heads.read_text() if heads.exists() else None
    seal_trail()
    if signature is not None:
        forge("UPDATE audit_seals SET signature = %s", signature)
    if kept is not None:
        heads.write_text(kept)


def seals() -> list[Seal]:
    return list(Seal.objects.order_by("id"))
