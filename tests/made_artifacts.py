"""Artifacts with their files, for tests/make.py."""

from typing import Any

from automation.models import Run, RunArtifact


def artifact(run: Run, content: str = "left", **fields: Any) -> RunArtifact:
    """The next artifact of the run."""
    number = run.artifacts.count() + 1
    fields.setdefault("path", f"report{number}.txt")
    row = RunArtifact.objects.create(run=run, number=number, size=len(content), **fields)
    Run.objects.filter(pk=run.pk).update(artifact_count=number)
    row.file.parent.mkdir(parents=True, exist_ok=True)
    row.file.write_text(content)
    return row
