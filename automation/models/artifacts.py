"""run_artifacts: files that a run's plays left in its folder, kept below STATE_ROOT.

STATE_ROOT/artifacts/<run>/<number>, mode 0600: a name that a play has chosen is only ever a column.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import models
from django.urls import reverse
from django.utils import timezone

from audit.models import AuditLog
from schema.exceptions import Refused

from .runs import Run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from accounts.models import User

ARTIFACTS = "artifacts"
LONGEST_PATH = 500
# In bytes, of a download.
CHUNK = 64 * 1024


def artifact_folder(run_id: int) -> Path:
    """Where the files of a run's artifacts are."""
    return Path(settings.STATE_ROOT) / ARTIFACTS / str(run_id)


def abandoned(moment: datetime) -> list[int]:
    """Runs whose folders nobody has written to since, and that have no rows of artifacts.

    A worker was killed before it could write them, or they were deleted.
    """
    root = Path(settings.STATE_ROOT) / ARTIFACTS
    old = moment.timestamp()
    names = {each.name for each in root.glob("[0-9]*") if each.lstat().st_mtime < old}
    numbers = {int(name) for name in names if name.isdecimal()}
    return sorted(numbers - {*RunArtifact.objects.values_list("run_id", flat=True).distinct()})


def removed_folders(run_ids: Iterable[int]) -> int:
    """Remove the files of these runs from this machine. Returns how many runs had any."""
    folders = [folder for run_id in run_ids if (folder := artifact_folder(run_id)).is_dir()]
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    return len(folders)


class RunArtifactQuerySet(models.QuerySet["RunArtifact"]):
    def older_than(self, moment: datetime) -> Self:
        """Of runs that finished before."""
        return self.filter(run__finished_at__lt=moment)

    def prune(self, moment: datetime, actor: User) -> int:
        """Delete those of runs that finished before, files and rows. Returns how many.

        So are files without rows.
        """
        runs = sorted(set(self.older_than(moment).values_list("run_id", flat=True)))
        if not removed_folders([*runs, *abandoned(moment)]) and not runs:
            return 0
        count, _ = self.filter(run__in=runs).delete()
        Run.objects.filter(pk__in=runs).update(artifact_count=0)
        AuditLog.objects.record(
            "run.artifacts_pruned",
            actor=actor,
            runs=len(runs),
            files=count,
            before=f"{moment:%Y-%m-%d}",
        )
        return count


class RunArtifact(models.Model):
    # No index of its own: the unique constraint starts with this column.
    run = models.ForeignKey(Run, models.CASCADE, related_name="artifacts", db_index=False)
    # From 1, in the order of their paths.
    number = models.IntegerField()
    # Relative to the playbook's root; characters that no name should have are escaped.
    path = models.CharField(max_length=LONGEST_PATH)
    size = models.BigIntegerField()
    created_at = models.DateTimeField(default=timezone.now)

    objects = RunArtifactQuerySet.as_manager()

    class Meta:
        db_table = "run_artifacts"
        verbose_name = "artifact"
        ordering = ["run_id", "number"]
        permissions = [("download_runartifact", "Can download artifacts of runs")]
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="uq_run_artifacts_number"),
            models.CheckConstraint(
                condition=models.Q(number__gte=1), name="ck_run_artifacts_number"
            ),
        ]

    def __str__(self) -> str:
        return self.path

    def get_absolute_url(self) -> str:
        return reverse("automation:run_artifact", args=[self.run_id, self.number])

    # Verbs

    def download(self, actor: User) -> Iterator[bytes]:
        """Its content, and a line about that. Raises Refused if this machine does not have it."""
        if not actor.has_perm("automation.download_runartifact"):
            raise PermissionDenied("Your role does not allow downloading artifacts.")
        if self.file.is_symlink() or not self.file.is_file():
            raise Refused(
                f"The file of “{self}” is not on this machine. STATE_ROOT ({settings.STATE_ROOT}) "
                "must be the same folder for the console and all workers."
            )
        AuditLog.objects.record(
            "run.artifact_downloaded", self.run, actor=actor, path=self.path, size=self.size
        )
        return self._chunks()

    # Questions

    @property
    def file(self) -> Path:
        return artifact_folder(self.run_id) / str(self.number)

    @property
    def name(self) -> str:
        """The name of a download."""
        return PurePosixPath(self.path).name or "artifact"

    # Private

    def _chunks(self) -> Iterator[bytes]:
        descriptor = os.open(self.file, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk
