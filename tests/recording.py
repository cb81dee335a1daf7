"""Collect the audit lines written within a block."""

from collections.abc import Iterator
from contextlib import contextmanager

from audit.models import AuditLog


@contextmanager
def recorded() -> Iterator[list[str]]:
    """`with recorded() as lines: …` and then `lines == ["server.created by boss"]`."""
    lines: list[str] = []
    last = AuditLog.objects.order_by("-id").values_list("id", flat=True).first() or 0
    yield lines
    new = AuditLog.objects.filter(id__gt=last).order_by("id")
    lines.extend(f"{line.action} by {line.actor_name}" for line in new)
