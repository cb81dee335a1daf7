"""The private folder of one run: everything that ansible-playbook reads, removed at the end.

project/       the playbook's surroundings: real folders down to the playbook and to those that it
               imports, links to everything else, and a copy of the playbook whose hash was checked
inventory/     targets with their credentials, their neighbours, pinned host keys, SSH keys
vault/         a file for each vault password
environment    environment variables from credentials
variables.yml  extra variables, marked as data
cp/            SSH control sockets; not shared, or a later run could reuse a connection
tmp/           temporary files of ansible-playbook, and of modules that run on the worker itself
events         a pipe: events of our callback
output         a pipe: whatever else ansible-playbook prints
"""

import errno
import shlex
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePath

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError

from automation import command_line, variables
from automation.content import playbook_files
from automation.content.ansible_config import AnsibleConfig, start_in
from automation.content.imported_playbooks import files_with_imported
from automation.models import Job, Outcome, Run, VaultPassword
from automation.models.claim_checks import inventory_has_grown
from automation.models.credential_use import refuse_misuse
from inventory.ansible import ssh_programs
from inventory.ansible.credential_variables import environment_of, write_private
from inventory.ansible.inventory_file import DATA, write_inventory
from inventory.ansible.inventory_folder import InventoryFolder
from inventory.ansible.mirroring import mirror
from inventory.models import Credential, Server
from schema.exceptions import Refused

from . import private_folders, variables_file
from .artifacts import signatures
from .private_folders import CONTROL_PREFIX, RUN_PREFIX, private_folder

# Errors for a full disk or an exhausted quota.
FULL = (errno.ENOSPC, errno.EDQUOT)
CALLBACKS = Path(__file__).parent / "ansible_callbacks"
CONTROL_PATH_ROOT = "/tmp"  # noqa: S108  (mkdtemp makes it private)


class CannotStart(Exception):
    """The run ends before ansible-playbook starts; `outcome` says why."""

    def __init__(self, kind: Job.FailureKind, message: str) -> None:
        super().__init__(message)
        self.outcome = Outcome.failed(kind, message)


@contextmanager
def run_folder(run: Run, servers: list[Server], neighbours: list[Server]) -> Iterator["RunFolder"]:
    """The prepared folder (mode 0700), removed at the end. Raises CannotStart."""
    with ExitStack() as stack:
        try:
            path = stack.enter_context(private_folder(RUN_PREFIX, settings.RUN_ROOT))
            control = stack.enter_context(private_folder(CONTROL_PREFIX, CONTROL_PATH_ROOT))
            folder = RunFolder(path, control, run, servers, neighbours)
        except OSError as error:
            raise CannotStart(Job.FailureKind.INTERNAL, unwritable(run, error)) from None
        yield folder


def no_room(run: Run) -> str:
    """The message wherever the disk with a run's own files is full."""
    where = settings.RUN_ROOT or tempfile.gettempdir()
    return (
        f"RUN_ROOT ({where}) on the worker {run.worker_host} is full, so the run was stopped. "
        "Free some space there, then relaunch."
    )


def unwritable(run: Run, error: OSError) -> str:
    """Why a run's own files could not be written."""
    if error.errno in FULL:
        return no_room(run)
    where = settings.RUN_ROOT or tempfile.gettempdir()
    return (
        f"The run's own files could not be written on the worker {run.worker_host}: "
        f"{error.strerror} ({error.filename}). RUN_ROOT ({where}) must be a folder with free "
        "space that the worker can write to."
    )


def sweep_folders() -> list[Path]:
    """Remove the folders of killed workers on this machine. Returns them."""
    return [
        *private_folders.sweep_private_folders(RUN_PREFIX, settings.RUN_ROOT),
        *private_folders.sweep_private_folders(CONTROL_PREFIX, CONTROL_PATH_ROOT),
    ]


class RunFolder:
    def __init__(
        self,
        path: Path,
        control_path: Path,
        run: Run,
        servers: list[Server],
        neighbours: list[Server],
    ) -> None:
        self.path = path
        self.control_path = control_path
        self.run = run
        self.servers = servers
        self.project = path / "project"
        self.config: AnsibleConfig | None = None
        self.playbook = self._copy_playbook()
        self.credentials = self._credentials()
        self.inventory = self._write_inventory(neighbours)
        self.vaults = self._write_vault_passwords()
        self.environment = self._write_environment()
        self.has_variables = self._write_variables()
        # What plays add to it later is theirs.
        self.before = signatures(self.project)

    @property
    def working_directory(self) -> Path:
        return self.project / self.run.working_directory

    @property
    def known_hosts(self) -> Path:
        return self.inventory.parent / "known_hosts"

    @property
    def inventory_data(self) -> Path:
        return self.inventory.parent / DATA

    @property
    def ssh_programs(self) -> str:
        """The path of the run's own ssh before its name."""
        return f"{self.inventory.parent / ssh_programs.FOLDER}/"

    def arguments(self) -> list[str]:
        """The arguments of `ansible-playbook`, the playbook last."""
        names = self.run.limited_to(self.servers)
        if names is not None and command_line.needs_file(names):
            (self.path / command_line.LIMIT).write_text("\n".join(names) + "\n")
        return command_line.arguments(
            self.run,
            names,
            playbook=self.playbook,
            vaults=self.vaults,
            has_variables=self.has_variables,
            folder=f"{self.path}/",
        )

    def shown(self, command: list[str]) -> str:
        return command_line.format_command(command, f"{self.path}/")

    def _copy_playbook(self) -> str:
        """Mirror the surroundings and copy the checked playbook.

        Returns its path in the project.
        """
        playbook = self.run.playbook
        try:
            source = playbook.path
            content = source.read_bytes()
        except (OSError, ValidationError):
            raise CannotStart(
                Job.FailureKind.PLAYBOOK_MISSING,
                f"The file {playbook.file_path} no longer exists.",
            ) from None
        if playbook_files.hash_of(content) != self.run.playbook_hash:
            raise CannotStart(
                Job.FailureKind.PLAYBOOK_CHANGED,
                f"The file {playbook.file_path} has changed since the launch; nothing ran.",
            )
        root = playbook_files.root_of(playbook.file_path)
        relative = source.relative_to(root)
        if not (root / self.run.working_directory).is_dir():
            raise CannotStart(
                Job.FailureKind.PLAYBOOK_MISSING,
                f"The working directory {self.run.working_directory} no longer exists.",
            )
        files = [relative, *map(PurePath, files_with_imported(playbook.file_path))]
        folders = {each.parent for each in files}
        mirror(root, self.project, [*folders, PurePath(self.run.working_directory)])
        self._put(relative.as_posix(), content)
        self._copy_config()
        return relative.as_posix()

    def _copy_config(self) -> None:
        """Copy the ansible.cfg of the working directory. Raises CannotStart if it has changed."""
        if not self.run.working_directory:
            return  # launched by an earlier release
        self.config = start_in(self.run.playbook.file_path, self.run.working_directory).config
        known = self.run.ansible_config
        if (self.config.hash if self.config else None) != known.get("hash"):
            path = self.config.path if self.config else known["path"]
            raise CannotStart(
                Job.FailureKind.PLAYBOOK_CHANGED,
                f"The file {path} has changed since the launch; nothing ran.",
            )
        if self.config:
            self._put(self.config.path, self.config.content)

    def _put(self, path: str, content: bytes) -> None:
        """Replace the link to the file, which may have changed meanwhile, by what was checked."""
        copy = self.project / path
        copy.unlink(missing_ok=True)
        copy.write_bytes(content)

    def _write_inventory(self, neighbours: list[Server]) -> Path:
        lasting = self._prepare_inventory_folder()
        folder = self.path / "inventory"
        folder.mkdir(mode=0o700)
        if grown := inventory_has_grown(self.run):
            raise CannotStart(Job.FailureKind.INTERNAL, grown)
        return write_inventory(
            folder,
            self.servers,
            neighbours,
            self.run.credential,
            lasting.location_of,
            lasting.originals,
        )

    def _prepare_inventory_folder(self) -> InventoryFolder:
        lasting = InventoryFolder.of(self.servers[0].inventory)
        try:
            lasting.prepare()
        except OSError as error:
            raise CannotStart(Job.FailureKind.INTERNAL, self._no_state(error)) from None
        return lasting

    def _no_state(self, error: OSError) -> str:
        return (
            f"The inventory's folder could not be prepared on the worker {self.run.worker_host}: "
            f"{error.strerror} ({error.filename}). STATE_ROOT ({settings.STATE_ROOT}) must be a "
            "folder that the worker can write to, the same for all workers."
        )

    def _credentials(self) -> list[Credential]:
        """The credentials in use. Checks them again, as the inventory now reads these very rows."""
        try:
            refuse_misuse(self.run, self.servers, self.run.launched_by)
        except (Refused, PermissionDenied) as error:
            raise CannotStart(Job.FailureKind.INTERNAL, str(error)) from None
        return list(Credential.objects.used_for(self.servers, self.run.credential))

    def _write_vault_passwords(self) -> list[tuple[str, str]]:
        """Write vault passwords to files. Returns (vault id, file name in the folder) for each.

        Not as arguments, which every user on the worker can read.
        """
        folder = self.path / "vault"
        folder.mkdir(mode=0o700)
        files = []
        inventory = self.servers[0].inventory_id
        for vault in VaultPassword.objects.for_run(self.run.playbook, inventory):
            files.append((vault.vault_id, vault.file_name))
            write_private(self.path / vault.file_name, vault.opened())
        return files

    def _write_environment(self) -> Path | None:
        """Write export lines for the shell that starts ansible-playbook; None if there are none.

        This keeps the values out of the runner's records and out of every other environment.
        """
        given, disputed = environment_of(self.credentials)
        if disputed:
            raise CannotStart(
                Job.FailureKind.INTERNAL,
                "The servers' credentials set different values for the environment variable "
                f"{', '.join(disputed)}. Launch them separately, or choose one credential for all.",
            )
        if not given:
            return None
        file = self.path / "environment"
        lines = [f"export {name}={shlex.quote(value)}\n" for name, value in given.items()]
        write_private(file, "".join(lines))
        return file

    def _write_variables(self) -> bool:
        """Write the extra variables; False if there are none."""
        if not self.run.extra_vars:
            return False
        file = self.path / command_line.VARIABLES
        file.touch(mode=0o600)
        file.write_text(variables_file.render_variables(variables.opened(self.run.extra_vars)))
        return True
