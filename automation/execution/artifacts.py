"""Keep the files that plays have left beside their playbook: in the folders that a run has copied.

Whatever a link leads to is not theirs, and stays where it is.
"""

import contextlib
import logging
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from django.conf import settings

from automation.models import Run
from automation.models.artifacts import LONGEST_PATH, RunArtifact, artifact_folder
from schema.limits import name_some
from schema.retrying import insisting

logger = logging.getLogger(__name__)

MOST_FILES = 500
MOST_FILE_BYTES = 50 * 1024**2
MOST_BYTES = 200 * 1024**2
# Entries of folders that are looked at.
MOST_ENTRIES = 20_000
CHUNK = 1024**2
# Python's own.
NO_ARTIFACTS = {"__pycache__"}

# What tells one state of a file from another.
Signature = tuple[int, int, int, int]


def signatures(root: Path) -> dict[str, Signature]:
    """{path relative to root: signature} of everything in its folders, following no link."""
    found: dict[str, Signature] = {}
    for folder, folders, files, descriptor in os.fwalk(root):
        names = [*folders, *files]
        folders.clear()
        for name in sorted(names):
            with contextlib.suppress(OSError):
                seen = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
                path = os.path.relpath(f"{folder}/{name}", root)
                found[path] = (seen.st_mode, seen.st_ino, seen.st_mtime_ns, seen.st_size)
                if stat.S_ISDIR(seen.st_mode) and name not in NO_ARTIFACTS:
                    folders.append(name)
        if len(found) > MOST_ENTRIES:
            break
    return found


class NotKept(Exception):
    """The message says why."""


@dataclass
class Collection:
    """The new files of a run, as they are copied; `missed` are {path: why it was not kept}."""

    run: Run
    project: Path
    # Hides secrets in a text.
    mask: Callable[[str], str]
    # (path, size); their numbers are their places, from 1.
    kept: list[tuple[str, int]] = field(default_factory=list)
    missed: dict[str, str] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return sum(size for _path, size in self.kept)

    @property
    def rows(self) -> list[RunArtifact]:
        return [
            RunArtifact(run=self.run, number=number, path=path, size=size)
            for number, (path, size) in enumerate(self.kept, start=1)
        ]

    @property
    def note(self) -> str:
        """A sentence for the run's page; "" if everything was kept."""
        if not self.missed:
            return ""
        by_reason: dict[str, list[str]] = {}
        for path, reason in self.missed.items():
            by_reason.setdefault(reason, []).append(path)
        said = [f"{name_some(paths, 3)} ({reason})" for reason, paths in by_reason.items()]
        return f"Not kept: {'; '.join(said)}."

    def shown(self, path: str) -> str:
        return shown_path(path, self.mask)

    def take(self, path: str) -> None:
        """Copy this file, or note why not."""
        shown = self.shown(path)
        if len(self.kept) >= MOST_FILES:
            self.missed[shown] = f"more than {MOST_FILES} files"
            return
        number = len(self.kept) + 1
        target = artifact_folder(self.run.pk) / str(number)
        try:
            size = self._copy(path, target)
        except NotKept as reason:
            self.missed[shown] = str(reason)
        except OSError as error:
            self.missed[shown] = error.strerror or type(error).__name__
        else:
            self.kept.append((shown, size))
            return
        target.unlink(missing_ok=True)

    def _copy(self, path: str, target: Path) -> int:
        """Copy it without following links. Returns its size."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        most = min(MOST_FILE_BYTES, MOST_BYTES - self.size)
        with os.fdopen(os.open(self.project / path, flags), "rb") as source:
            seen = os.fstat(source.fileno())
            if not stat.S_ISREG(seen.st_mode):
                raise NotKept("not a regular file")
            if seen.st_size > MOST_FILE_BYTES:
                raise NotKept(f"larger than {MOST_FILE_BYTES // 1024**2} MB")
            with os.fdopen(
                os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
            ) as kept:
                while chunk := source.read(CHUNK):
                    if kept.tell() + len(chunk) > most:
                        raise NotKept(f"more than {MOST_BYTES // 1024**2} MB in all")
                    kept.write(chunk)
                return kept.tell()


def new_files(
    project: Path, before: dict[str, Signature], fact_cache: PurePosixPath | None = None
) -> Iterator[str]:
    """Paths of regular files that are new or changed, sorted; without cached facts."""
    for path, signature in sorted(signatures(project).items()):
        is_cache = fact_cache is not None and PurePosixPath(path).is_relative_to(fact_cache)
        if stat.S_ISREG(signature[0]) and before.get(path) != signature and not is_cache:
            yield path


def keep_artifacts(
    run: Run,
    project: Path,
    before: dict[str, Signature],
    fact_cache: PurePosixPath | None,
    mask: Callable[[str], str],
    on_each: Callable[[], object],
) -> None:
    """Copy the new files and write their rows, `mask` hiding secrets in their names.

    Calls `on_each` between two files.

    Whatever goes wrong is said on the run's page and does not change its outcome. Raises ClaimLost
    if the run was ended elsewhere.
    """
    paths = list(new_files(project, before, fact_cache))
    if not paths:
        return
    collection = Collection(run, project, mask)
    folder = artifact_folder(run.pk)
    try:
        for each in (Path(settings.STATE_ROOT), folder.parent, folder):
            each.mkdir(mode=0o700, exist_ok=True)
        for path in paths:
            collection.take(path)
            on_each()
    except OSError as error:
        collection.missed |= dict.fromkeys(map(collection.shown, paths), error.strerror or "error")
        collection.kept = []
    try:
        insisting(lambda: _write(run, collection))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _write(run: Run, collection: Collection) -> None:
    with run.held():
        # A first attempt may have been committed although its answer was lost.
        RunArtifact.objects.filter(run=run).delete()
        RunArtifact.objects.bulk_create(collection.rows)
        note = collection.note[:LONGEST_PATH]
        run.note(artifact_count=len(collection.kept), artifacts_note=note)


def shown_path(path: str, mask: Callable[[str], str]) -> str:
    """The path as text that can be stored and shown, cut from the left: its end is the name."""
    text = os.fsencode(path).decode(errors="backslashreplace")
    safe = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in mask(text))
    return safe if len(safe) <= LONGEST_PATH else f"…{safe[1 - LONGEST_PATH :]}"
