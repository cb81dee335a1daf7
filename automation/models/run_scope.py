"""What of its inventory a run reaches, and how it went where it has no job: columns of Run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import models

from inventory.models import LOCALHOST, Server

# Of hosts without a job, those that failed first; so many are kept.
MOST_OTHER_HOSTS = 1000


class RunScope(models.Model):
    # Launched on a whole inventory: no --limit, as bare Ansible has none. So plays for localhost
    # and for hosts that tasks add run, too.
    whole_inventory = models.BooleanField(default=False, db_default=False)
    # The playbook's setting at the launch: with a limit, localhost is part of it.
    runs_localhost = models.BooleanField(default=False, db_default=False)
    # How the run ended on the controller and on hosts that tasks added: [{"host", "kind":
    # "controller" or "added", "status", "failure_kind", "message", "task", "place", "counts"}, …].
    other_hosts = models.JSONField(default=list, db_default=[], blank=True)

    class Meta:
        abstract = True

    def limited_to(self, servers: Sequence[Server]) -> list[str] | None:
        """The names for --limit; None for a run without. One query if it runs localhost."""
        if self.whole_inventory:
            return None
        names = [server.inventory_name for server in servers]
        if not self.runs_localhost or Server.objects.has_localhost(servers):
            return names
        return [*names, LOCALHOST[0]]

    @property
    def failed_hosts(self) -> list[dict[str, Any]]:
        """Those of `other_hosts` that failed."""
        return [each for each in self.other_hosts if each["status"] == "failed"]
