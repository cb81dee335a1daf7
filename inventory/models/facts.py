"""server_facts: what Ansible found out about each server."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.utils import timezone

from inventory.facts import facts_to_keep, system_of

from .servers import Server


class ServerFactsQuerySet(models.QuerySet["ServerFacts"]):
    def keep(self, server: Server, facts: dict[str, Any], gathered_at: datetime) -> bool:
        """Store these facts unless newer ones are stored; returns whether it did.

        The first facts also fill in the server's OS if nobody has entered it.
        """
        facts = facts_to_keep(facts)
        new = {"facts": facts, "gathered_at": gathered_at}
        # Future times come from a wrong clock or a lying host, and must not block updates forever.
        is_older = Q(gathered_at__lt=gathered_at) | Q(gathered_at__gt=timezone.now())
        older = self.filter(is_older, server=server)
        if not older.update(**new) and not self._created(server, new):
            return False
        server.note_system(*system_of(facts))
        return True

    def _created(self, server: Server, new: dict[str, Any]) -> bool:
        if self.filter(server=server).exists():
            return False
        try:
            with transaction.atomic():
                self.create(server=server, **new)
        except IntegrityError:  # another run was first
            return False
        return True


class ServerFacts(models.Model):
    """The facts that Ansible gathered last on a server."""

    server = models.OneToOneField(Server, models.CASCADE, related_name="facts")
    facts = models.JSONField(default=dict, db_default={})
    gathered_at = models.DateTimeField()

    objects = ServerFactsQuerySet.as_manager()

    class Meta:
        db_table = "server_facts"
        verbose_name = verbose_name_plural = "server facts"

    def __str__(self) -> str:
        return f"Facts of {self.server}"
