"""Keeps the facts that a run gathers, for the servers that they are about."""

import json
import re
from datetime import datetime
from typing import Any

from audit.redaction import Redactor
from inventory.models import Server, ServerFacts

from .ansi import plain
from .log_lines import time_of

GATHERING = {"setup", "gather_facts"}
# "ok: [web1 -> db1(192.0.2.7)]": facts about db1.
DELEGATED = re.compile(r"\[\S+ -> ([^\s(\]]+)")


class GatheredFacts:
    """Fed with every event; `keep` at the end writes the newest of each host."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        # As text: a hundred hosts' facts as objects are a hundred megabytes.
        self._newest: dict[str, tuple[datetime, str]] = {}

    def note(self, event: dict[str, Any]) -> None:
        data = event.get("event_data", {})
        if event.get("event") != "runner_on_ok" or _action(data) not in GATHERING:
            return
        facts = (data.get("res") or {}).get("ansible_facts")
        if isinstance(facts, dict) and (host := _host(event, data)):
            known = json.loads(self._newest[host][1]) if host in self._newest else {}
            text = json.dumps({**known, **self._masked(facts)})
            self._newest[host] = time_of(event), text

    def keep(self) -> None:
        """May be called twice: a server's newest facts stay."""
        for server in Server.objects.filter(hostname__in=list(self._newest)):
            gathered_at, text = self._newest[server.hostname]
            ServerFacts.objects.keep(server, json.loads(text), gathered_at)

    def _masked(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._masked(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._masked(item) for item in value]
        return self._redactor.redact(value) if isinstance(value, str) else value


def _action(data: dict[str, Any]) -> str:
    return str(data.get("resolved_action") or data.get("task_action") or "").rpartition(".")[2]


def _host(event: dict[str, Any], data: dict[str, Any]) -> str:
    """Whom the facts are about; nobody, where a delegated task does not say it."""
    if not (data.get("res") or {}).get("_ansible_delegated_vars"):
        return data["host"]
    match = DELEGATED.search(plain(event.get("stdout", "")))
    return match[1] if match else ""
