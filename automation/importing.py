"""Register the playbooks in the playbook folder, and report what happened to each."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction

from accounts.models import User
from schema.exceptions import Refused

from .content import playbook_files
from .content.play_hosts import plays_for_localhost
from .models import Playbook

DESCRIPTION_LENGTH = 2000


@dataclass
class PlaybookImport:
    """File paths by result; `refused` includes reasons."""

    added: list[str] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    # {file path: warnings about its variables and plays}.
    warnings: dict[str, list[str]] = field(default_factory=dict)


def import_playbooks(
    root: Path,
    *,
    accept_as: User | None = None,
    accepts_undeclared: bool = False,
    working_directory: str = "",
    runs_localhost: bool = False,
    dry_run: bool = False,
) -> PlaybookImport:
    """Compare the registry with the folder and register new playbooks.

    Changed files are reported, or accepted if `accept_as` (an admin) is given. With
    `accepts_undeclared`, new playbooks that declare no variables accept any. `runs_localhost`: new
    ones with plays for localhost run them in every launch. Runs of new ones start in
    `working_directory`, or where the nearest ansible.cfg is.
    """
    report = PlaybookImport()
    registered = [playbook for playbook in Playbook.objects.all() if not playbook.is_builtin]
    for playbook in registered:
        _look_at(report, playbook, accept_as, dry_run=dry_run)
    known = {playbook.file_path for playbook in registered}
    for file_path in playbook_files.candidates(root):
        if file_path not in known:
            path = root / file_path
            playbook = Playbook(
                file_path=file_path,
                accepts_undeclared=accepts_undeclared,
                runs_localhost=runs_localhost,
                working_directory=working_directory,
            )
            _add(report, path, playbook, dry_run=dry_run)
    return report


def _look_at(
    report: PlaybookImport, playbook: Playbook, accept_as: User | None, *, dry_run: bool
) -> None:
    state = playbook.file_state
    if state == "changed" and accept_as is not None:
        try:
            if not dry_run:
                playbook.accept_file(accept_as)
        except Refused as error:
            report.refused[playbook.file_path] = str(error)
            return
        state = "accepted"
    getattr(report, state).append(playbook.file_path)


def _add(report: PlaybookImport, path: Path, playbook: Playbook, *, dry_run: bool) -> None:
    file_path = playbook.file_path
    try:
        content = playbook_files.read_content(path)
        plays = playbook_files.plays_in(content)
        if not plays:
            if problem := playbook_files.yaml_problem(content):
                report.refused[file_path] = f"Not valid YAML: {problem}"
            return  # tasks or variables: YAML, but not a playbook
        playbook.name = str(PurePosixPath(file_path).with_suffix(""))
        described = playbook_files.describe_file(content, plays)
        playbook.description = described[:DESCRIPTION_LENGTH]
        playbook.full_clean()
        playbook.accepts_undeclared &= not playbook.variables
        playbook.runs_localhost &= bool(plays_for_localhost(file_path))
        if not dry_run:
            with transaction.atomic():
                playbook.save()
    except ValidationError as error:
        report.refused[file_path] = " ".join(_said(error))
    except (OSError, DatabaseError) as error:
        report.refused[file_path] = str(error)
    else:
        report.added.append(file_path)
        if playbook.warnings:
            report.warnings[file_path] = playbook.warnings


def _said(error: ValidationError) -> Iterator[str]:
    for name, messages in error.message_dict.items():
        yield f"{name}: {' '.join(messages)}"
