"""The queue in Redis: django-q2's own, which hands out our tasks only."""

import redis
from django_q.brokers.redis_broker import Redis
from django_q.conf import Conf
from redis.backoff import NoBackoff
from redis.retry import Retry

from .refusals import foreign_in, record_package

# For each answer. Launches and health must not wait for a Redis that hangs; a lost wake-up is made
# good within a minute.
SECONDS = 2
# A connection that the server has closed meanwhile is opened anew, once.
RETRY = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))


class RedisBroker(Redis):
    @staticmethod
    def get_connection(list_key: str | None = None) -> redis.Redis:
        """REDIS_URL may set other timeouts: `?socket_timeout=5`."""
        return redis.from_url(
            Conf.REDIS, socket_timeout=SECONDS, socket_connect_timeout=SECONDS, retry=RETRY
        )

    def dequeue(self) -> list[tuple[None, bytes]]:
        """What is refused has left the queue already: BLPOP removes what it returns."""
        kept = []
        for key, payload in super().dequeue() or ():
            if refused := foreign_in(payload):
                record_package(refused, payload)
            else:
                kept.append((key, payload))
        return kept
