"""The lines of a playbook or role around a task."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.safestring import SafeString

from automation.content import playbook_files
from automation.models import Job

from .highlighting import LINE_END, yaml_html

LINES_BEFORE = 3
LINES_AFTER = 12
# No task file is larger.
MOST_BYTES = 1024 * 1024
VAULTED = b"$ANSIBLE_VAULT"


@dataclass(frozen=True)
class Excerpt:
    html: SafeString
    # Why these may not be the lines that ran; empty if they are.
    doubt: str


def excerpt_of(job: Job, place: str) -> Excerpt | None:
    """The lines around a place such as "roles/web/tasks/main.yml:12".

    None if they cannot be shown: the file is outside the playbook folder, not YAML, or missing.
    """
    file, _, digits = place.rpartition(":")
    number = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else 0
    if not file or number < 1:
        return None
    file_path = f"{playbook_files.prefix_of(job.playbook.file_path)}{file}"
    try:
        path = playbook_files.locate_file(file_path)
        content = _read(path)
        doubt = _doubt(job, file_path, path, content)
    except (ValidationError, OSError):
        return None
    lines = LINE_END.split(content.decode(errors="replace"))
    first = max(1, number - LINES_BEFORE)
    shown = lines[first - 1 : number + LINES_AFTER]
    if not shown or content.startswith(VAULTED):
        return None
    html = yaml_html("\n".join(shown), first, number, anchor="")
    return Excerpt(html, doubt)


def _read(path: Path) -> bytes:
    if path.suffix not in playbook_files.SUFFIXES:
        raise ValidationError("Only YAML is shown.")
    with path.open("rb") as file:
        return file.read(MOST_BYTES)


def _doubt(job: Job, file_path: str, path: Path, content: bytes) -> str:
    """Why the file may have changed: by hash for the playbook, by mtime for other files."""
    if file_path == job.playbook.file_path:
        is_same = playbook_files.hash_of(content) == job.run.playbook_hash
        return "" if is_same else "The file has changed since this run: these lines may differ."
    changed_at = datetime.fromtimestamp(path.stat().st_mtime, timezone.get_current_timezone())
    if job.started_at is None or changed_at <= job.started_at:
        return ""
    when = changed_at.strftime("%Y-%m-%d %H:%M:%S")
    return f"The file was changed at {when}, after this run began: these lines may differ."
