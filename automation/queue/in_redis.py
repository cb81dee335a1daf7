"""The queue in Redis: django-q2's own, which hands out our tasks only."""

from django_q.brokers.redis_broker import Redis

from .refusals import foreign_in, record_package


class RedisBroker(Redis):
    def dequeue(self) -> list[tuple[None, bytes]]:
        """What is refused has left the queue already: BLPOP removes what it returns."""
        kept = []
        for key, payload in super().dequeue() or ():
            if refused := foreign_in(payload):
                record_package(refused, payload)
            else:
                kept.append((key, payload))
        return kept
