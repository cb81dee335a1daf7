"""Collects audit lines in any order and returns them in chronological order."""

import heapq
from collections.abc import Iterator
from datetime import datetime
from itertools import count
from typing import Any

from accounts.models import User
from audit.models import AuditLog

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


class Trail:
    def __init__(self) -> None:
        self._waiting: list[tuple[datetime, int, AuditLog]] = []
        self._number = count()

    def add(
        self,
        at: datetime,
        actor: User,
        action: str,
        resource: tuple[str, Any, str],
        *,
        by_hand: bool = False,
        **details: Any,
    ) -> None:
        """Add a line. `resource` is (kind, key, name); `by_hand` means from a browser."""
        kind, key, name = resource
        line = AuditLog(
            user_id=actor.pk,
            action=action,
            resource_type=kind,
            resource_id=str(key),
            details={
                **details,
                "actor": actor.username,
                "actor_id": actor.pk,
                "object": name,
            },
            ip_address=f"198.18.255.{actor.pk % 250 + 1}" if by_hand else None,
            user_agent=BROWSER if by_hand else "",
            timestamp=at,
        )
        heapq.heappush(self._waiting, (at, next(self._number), line))

    def until(self, at: datetime) -> Iterator[AuditLog]:
        """Remove and return the lines up to `at`, in order."""
        while self._waiting and self._waiting[0][0] <= at:
            yield heapq.heappop(self._waiting)[2]
