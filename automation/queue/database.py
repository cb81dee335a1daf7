"""The queue in the database: django-q2's own, which hands out our tasks only."""

from django.db import models, transaction
from django.utils import timezone
from django_q.brokers.orm import ORM
from django_q.models import OrmQ

from .refusals import foreign_in, record_package


class DatabaseBroker(ORM):
    def dequeue(self) -> list[tuple[int, str]]:
        """Take the next task away. Empty if there is none, or another process was faster.

        It is removed at once and not when it has been done: it is only a wake-up, the tables know
        what there is to do, and nothing stays locked behind a process that is killed.
        """
        row = self._waiting().order_by("id").first()
        if row is None:
            return []
        # What is refused goes with the line about it; if that cannot be written, it stays.
        with transaction.atomic():
            if not self._waiting().filter(pk=row.pk).delete()[0]:
                return []
            if refused := foreign_in(row.payload):
                record_package(refused, row.payload)
                return []
        return [(row.pk, row.payload)]

    def forget_locked(self) -> int:
        """Delete tasks that processes of earlier releases have locked, and may never release."""
        locked = self.get_connection().filter(key=self.list_key, lock__gt=timezone.now())
        return int(locked.delete()[0])

    def _waiting(self) -> "models.QuerySet[OrmQ]":
        return self.get_connection().filter(key=self.list_key, lock__lte=timezone.now())
