"""Where a run starts, and what it finds and leaves there. Columns of Run."""

from __future__ import annotations

from typing import Any

from django.db import models

from .options import RunOptions


class RunPlace(RunOptions):
    # Relative to the playbook's root; "." is the root itself, where earlier releases started all
    # runs: theirs have "".
    working_directory = models.CharField(max_length=500, blank=True, default="", db_default="")
    # The ansible.cfg there, at the launch: {"path": …, "hash": …, "forks": 20}, or {}.
    ansible_config = models.JSONField(default=dict, db_default={}, blank=True)

    # How many files of its plays were kept as artifacts; which could not be, and why.
    artifact_count = models.SmallIntegerField(default=0, db_default=0)
    artifacts_note = models.CharField(max_length=500, blank=True, default="", db_default="")

    class Meta:
        abstract = True

    @property
    def usual_forks(self) -> int:
        """The forks of a launch that gives none."""
        return self.ansible_config.get("forks") or self._default_of("forks")

    def usual_options(self) -> dict[str, Any]:
        return super().usual_options() | {"forks": self.usual_forks}
