"""A sealed trail."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from audit import triggers
from audit.models import AuditLog
from audit.seals import sealing
from audit.seals.sealing import seal_trail
from tests.audit.sealed import ACTORLESS, newest_line


@pytest.fixture
def small_seals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three lines a seal, and none is too young."""
    monkeypatch.setattr(sealing, "SETTLED_AFTER", timedelta(0))
    monkeypatch.setattr(sealing, "LINES_IN_A_SEAL", 3)


@pytest.fixture
def trail(transactional_db: None, small_seals: None) -> Iterator[list[int]]:
    """The ids of all lines, sealed in at least four seals, with a gap after the fourth line."""
    for number in range(12):
        pk = {"pk": newest_line() + 10} if number == 4 else {}
        AuditLog(action=f"test.line_{number}", details=ACTORLESS, **pk).save(force_insert=True)
    seal_trail()
    yield list(AuditLog.objects.order_by("id").values_list("id", flat=True))
    triggers.ensure_triggers("default")
