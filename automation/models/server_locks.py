"""server_locks: the servers that a run holds while it runs."""

from django.db import models

from inventory.models import Server
from schema.fields import CreatedAtField


class ServerLock(models.Model):
    server = models.OneToOneField(Server, models.CASCADE, related_name="lock")
    run = models.ForeignKey("Run", models.CASCADE, related_name="locks")
    created_at = CreatedAtField()

    class Meta:
        db_table = "server_locks"

    def __str__(self) -> str:
        return f"{self.server} held by run {self.run_id}"
