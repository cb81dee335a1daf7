"""The queue in the database: django-q2's own, which hands out our tasks only."""

from typing import Any

from django.db import transaction
from django_q.brokers.orm import ORM

from .packages import Foreign
from .refusals import foreign_in, record_package


class DatabaseBroker(ORM):
    def dequeue(self) -> list[tuple[int, str]]:
        kept = []
        for key, payload in super().dequeue() or ():
            if refused := foreign_in(payload):
                self._drop(key, payload, refused)
            else:
                kept.append((key, payload))
        return kept

    def _drop(self, key: Any, payload: str, refused: Foreign) -> None:
        # The row goes with the line about it; if that cannot be written, it stays, locked.
        with transaction.atomic():
            record_package(refused, payload)
            self.delete(key)
