"""Store the facts that a run gathers about its servers."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from inventory.models import Server, ServerFacts

from .events import Event
from .masking import Masking


class GatheredFacts:
    """Call `note` with every event, then `keep` to store each host's newest facts.

    `servers` are the run's own: {name in the inventory: key}. Other hosts' facts are not kept,
    even if a task was delegated to them.
    """

    def __init__(self, servers: Mapping[str, int], masking: Masking) -> None:
        self._keys = servers
        self._masking = masking
        # As text: the facts of a hundred hosts as objects take a hundred megabytes.
        self._newest: dict[str, tuple[datetime, str]] = {}

    def note(self, event: Event) -> None:
        facts = event.data.get("facts") if event.kind == "result" else None
        host = event.data.get("delegated_to") or event.host
        if isinstance(facts, dict) and host in self._keys:
            known = json.loads(self._newest[host][1]) if host in self._newest else {}
            self._newest[host] = event.at, json.dumps({**known, **self._masked(facts)})

    def keep(self) -> None:
        """Store the facts. May be called twice: a server's newest facts win."""
        servers = Server.objects.in_bulk([self._keys[host] for host in self._newest])
        for host, (gathered_at, text) in self._newest.items():
            if (server := servers.get(self._keys[host])) is None:
                continue
            ServerFacts.objects.keep(server, json.loads(text), gathered_at)

    def _masked(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._masked(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._masked(item) for item in value]
        return self._masking.text(value) if isinstance(value, str) else value
