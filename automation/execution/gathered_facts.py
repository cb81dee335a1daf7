"""Store the facts that a run gathers about its servers."""

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any

from inventory.models import Server, ServerFacts

from .events import Event
from .masking import Masking


class GatheredFacts:
    """Call `note` with every event, then `keep` to store each host's newest facts.

    Keeps facts of the run's own hosts only, none gathered by delegation to another host.
    """

    def __init__(self, hosts: Collection[str], masking: Masking) -> None:
        self._hosts = hosts
        self._masking = masking
        # As text: the facts of a hundred hosts as objects take a hundred megabytes.
        self._newest: dict[str, tuple[datetime, str]] = {}

    def note(self, event: Event) -> None:
        facts = event.data.get("facts") if event.kind == "result" else None
        host = event.data.get("delegated_to") or event.host
        if isinstance(facts, dict) and host in self._hosts:
            known = json.loads(self._newest[host][1]) if host in self._newest else {}
            self._newest[host] = event.at, json.dumps({**known, **self._masked(facts)})

    def keep(self) -> None:
        """Store the facts. May be called twice: a server's newest facts win."""
        for server in Server.objects.filter(hostname__in=list(self._newest)):
            gathered_at, text = self._newest[server.hostname]
            ServerFacts.objects.keep(server, json.loads(text), gathered_at)

    def _masked(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._masked(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._masked(item) for item in value]
        return self._masking.text(value) if isinstance(value, str) else value
