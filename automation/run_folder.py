"""The private folder of one run: everything that ansible-playbook reads, and nothing that stays.

project/       the playbook's surroundings: real folders down to the playbook, links to the
               rest, and the playbook itself as a copy whose hash was checked
inventory/     targets, their neighbours, pinned host keys
variables.yml  what people gave, marked as data
cp/            SSH control sockets: never shared, or a later run could reuse a connection
"""

import shlex
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError

from inventory.inventory_file import write_inventory
from inventory.models import Server

from . import playbook_files, variables, variables_file
from .models import Job, Outcome, Run

# Ansible takes a list of hosts on the command line; a long one is given in a file.
MAX_LIMIT_IN_ARGUMENTS = 20
CONTROL_PATH_ROOT = "/tmp"  # noqa: S108  (mkdtemp makes it private)


class CannotStart(Exception):
    """The run ends before ansible-playbook starts; `outcome` says why."""

    def __init__(self, kind: Job.FailureKind, message: str) -> None:
        super().__init__(message)
        self.outcome = Outcome.failed(kind, message)


@contextmanager
def run_folder(run: Run, servers: list[Server]) -> Iterator["RunFolder"]:
    """The filled folder (mode 0700), gone at the end. CannotStart for a wrong playbook."""
    path = Path(tempfile.mkdtemp(prefix="infraops-", dir=settings.RUN_ROOT))
    control_path = Path(tempfile.mkdtemp(prefix="infraops-cp-", dir=CONTROL_PATH_ROOT))
    try:
        yield RunFolder(path, control_path, run, servers)
    finally:
        shutil.rmtree(path, ignore_errors=True)
        shutil.rmtree(control_path, ignore_errors=True)


class RunFolder:
    def __init__(self, path: Path, control_path: Path, run: Run, servers: list[Server]) -> None:
        self.path = path
        self.control_path = control_path
        self.run = run
        self.servers = servers
        self.project = path / "project"
        self.playbook = self._copy_playbook()
        self.inventory = self._write_inventory()
        self.variables = self._write_variables()

    @property
    def known_hosts(self) -> Path:
        return self.inventory.parent / "known_hosts"

    def arguments(self) -> list[str]:
        """What follows `ansible-playbook`, the playbook last."""
        run = self.run
        arguments = ["-i", str(self.inventory), "--limit", self._limit()]
        if self.variables:
            arguments += ["-e", f"@{self.variables}"]
        for flag, given in (
            ("--check", run.check_mode),
            ("--diff", run.diff_mode),
            ("--become", run.become),
        ):
            arguments += [flag] if given else []
        arguments += ["--tags", run.tags] if run.tags else []
        arguments += ["--skip-tags", run.skip_tags] if run.skip_tags else []
        arguments += ["--start-at-task", run.start_at_task] if run.start_at_task else []
        arguments += [f"-{'v' * run.verbosity}"] if run.verbosity else []
        return [*arguments, "--forks", str(run.forks), self.playbook]

    def shown(self, command: list[str]) -> str:
        """The command line as people see it: exact, with this folder's path left out."""
        return shlex.join(command).replace(f"{self.path}/", "")

    def _limit(self) -> str:
        names = [server.hostname for server in self.servers]
        if len(names) <= MAX_LIMIT_IN_ARGUMENTS:
            return ",".join(names)
        file = self.path / "limit"
        file.write_text("\n".join(names) + "\n")
        return f"@{file}"

    def _copy_playbook(self) -> str:
        """Mirror the surroundings and copy the checked playbook; its path within the project."""
        playbook = self.run.playbook
        try:
            source = playbook.path
            content = source.read_bytes()
        except (OSError, ValidationError):
            raise CannotStart(
                Job.FailureKind.PLAYBOOK_MISSING,
                f"The file {playbook.file_path} is not there any more.",
            ) from None
        if playbook_files.hash_of(content) != self.run.playbook_hash:
            raise CannotStart(
                Job.FailureKind.PLAYBOOK_CHANGED,
                f"The file {playbook.file_path} has changed since it was launched; nothing ran.",
            )
        relative = source.relative_to(playbook_files.root_of(playbook.file_path))
        self._mirror(playbook_files.root_of(playbook.file_path), relative)
        (self.project / relative).write_bytes(content)
        return relative.as_posix()

    def _mirror(self, root: Path, playbook: Path) -> None:
        """Real folders along the playbook's path, links to everything beside them."""
        here, there = root, self.project
        for part in playbook.parts:
            there.mkdir(mode=0o700)
            for neighbour in here.iterdir():
                if neighbour.name != part:
                    (there / neighbour.name).symlink_to(neighbour)
            here, there = here / part, there / part

    def _write_inventory(self) -> Path:
        folder = self.path / "inventory"
        folder.mkdir(mode=0o700)
        return write_inventory(folder, self.servers, Server.objects.neighbours_of(self.servers))

    def _write_variables(self) -> Path | None:
        if not self.run.extra_vars:
            return None
        file = self.path / "variables.yml"
        file.touch(mode=0o600)
        file.write_text(variables_file.rendered(variables.opened(self.run.extra_vars)))
        return file
