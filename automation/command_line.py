"""ansible-playbook's arguments for a run: what it gets, and what is shown before it is launched."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .models.runs import Run

PROGRAM = "ansible-playbook"
# Ansible takes a list of hosts on the command line; a long one is given in a file.
MAX_LIMIT_IN_ARGUMENTS = 20
# Names in a run's folder.
INVENTORY = "inventory/hosts"
LIMIT = "limit"
VARIABLES = "variables.yml"


def arguments(
    run: Run,
    hostnames: Sequence[str],
    *,
    playbook: str,
    vaults: Mapping[str, str],
    has_variables: bool,
    folder: str = "",
) -> list[str]:
    """What follows `ansible-playbook`, the playbook last. `playbook` is its path in the project,
    `vaults` the file of each vault id; `folder`, with its “/”, stands before each name in it."""
    given = ["-i", f"{folder}{INVENTORY}", "--limit", limit_of(hostnames, folder)]
    for vault_id, file in vaults.items():
        given += ["--vault-id", f"{vault_id}@{folder}{file}"]
    given += ["-e", f"@{folder}{VARIABLES}"] if has_variables else []
    # A playbook that begins with “-” would be taken for an option.
    return [*given, *flags(run), f"./{playbook}" if playbook.startswith("-") else playbook]


def limit_of(hostnames: Sequence[str], folder: str = "") -> str:
    is_short = len(hostnames) <= MAX_LIMIT_IN_ARGUMENTS
    return ",".join(hostnames) if is_short else f"@{folder}{LIMIT}"


def flags(run: Run) -> list[str]:
    """The run's options as Ansible's own."""
    given = [
        flag
        for flag, is_given in (
            ("--check", run.check_mode),
            ("--diff", run.diff_mode),
            ("--become", run.become),
        )
        if is_given
    ]
    given += ["--tags", run.tags] if run.tags else []
    given += ["--skip-tags", run.skip_tags] if run.skip_tags else []
    given += ["--start-at-task", run.start_at_task] if run.start_at_task else []
    given += [f"-{'v' * run.verbosity}"] if run.verbosity else []
    return [*given, "--forks", str(run.forks)]


def format_command(command: Sequence[str], folder: str = "") -> str:
    """The command line as people see it: exact, with the folder's path left out."""
    line = shlex.join(command)
    return line.replace(folder, "") if folder else line
