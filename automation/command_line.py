"""The arguments of ansible-playbook for a run, as executed and as shown before the launch."""

from __future__ import annotations

import os
import re
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .models.runs import Run

PROGRAM = "ansible-playbook"
# Longer lists of hosts are passed in a file, and so are names that an argument would split or read
# as a pattern: 2001:db8::1, [::1], -dash. In a file, each line is one name.
MAX_LIMIT_IN_ARGUMENTS = 20
PLAIN_NAME = re.compile(r"\w[\w.-]*")
# Names in a run's folder.
INVENTORY = "inventory/hosts"
LIMIT = "limit"
VARIABLES = "variables.yml"


def arguments(
    run: Run,
    hosts: Sequence[str] | None,
    *,
    playbook: str,
    vaults: Iterable[tuple[str, str]],
    has_variables: bool,
    folder: str = "",
) -> list[str]:
    """The arguments of `ansible-playbook`, the playbook last.

    `hosts` are the limit; None: no limit. `playbook` is its path in the project, here named from
    where the run starts. `vaults` are (vault id, file); `folder`, which ends in “/”, is
    prepended to every file name.
    """
    given = ["-i", f"{folder}{INVENTORY}"]
    given += ["--limit", limit_of(hosts, folder)] if hosts is not None else []
    for vault_id, file in vaults:
        given += ["--vault-id", f"{vault_id}@{folder}{file}"]
    given += ["-e", f"@{folder}{VARIABLES}"] if has_variables else []
    playbook = os.path.relpath(playbook, run.working_directory or ".")
    # A playbook whose name begins with “-” would be read as an option.
    return [*given, *flags(run), f"./{playbook}" if playbook.startswith("-") else playbook]


def limit_of(hosts: Sequence[str], folder: str = "") -> str:
    return f"@{folder}{LIMIT}" if needs_file(hosts) else ",".join(hosts)


def needs_file(hosts: Sequence[str]) -> bool:
    """True if the limit is a file of names, one a line."""
    return len(hosts) > MAX_LIMIT_IN_ARGUMENTS or not all(map(PLAIN_NAME.fullmatch, hosts))


def flags(run: Run) -> list[str]:
    """The run's options as Ansible's flags."""
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
    """The command line for display: exact, but without the folder's path."""
    line = shlex.join(command)
    return line.replace(folder, "") if folder else line
