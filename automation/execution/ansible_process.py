"""How ansible-playbook is started: the program, its environment, and the shell around it."""

import os
import shutil
import sys
from pathlib import Path

from django.conf import settings

from automation.content.ansible_config import INVENTORY_PLUGINS
from inventory.ansible import inventory_folder, processes, ssh_programs

from .channel import DESCRIPTOR, VARIABLE, ChannelReader
from .run_folder import CALLBACKS, RunFolder

# What ansible-playbook inherits from the worker's environment; nothing else.
KEPT_ENVIRONMENT = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "TZ",
    "TMPDIR",
    "ANSIBLE_CONFIG",
    "ANSIBLE_ROLES_PATH",
    "ANSIBLE_COLLECTIONS_PATH",
)
# Ansible's default for `enable_plugins`, without `script`.
USUAL_PLUGINS = "host_list,auto,yaml,ini,toml"


def ansible_playbook() -> str | None:
    """The program's path: beside this Python if it is there, else from PATH, else None."""
    if settings.ANSIBLE_PLAYBOOK:
        return shutil.which(settings.ANSIBLE_PLAYBOOK)
    beside = Path(sys.executable).parent / "ansible-playbook"
    return str(beside) if beside.exists() else shutil.which("ansible-playbook")


def guard_command(folder: RunFolder, channel: ChannelReader) -> list[str]:
    """The command before ansible-playbook: a shell that reports how it ended.

    If the worker dies, the kernel kills the shell and so ansible-playbook. Its stdin is empty, so
    that a `vars_prompt` takes its default instead of waiting forever. Variables from credentials
    come from a file. Events and output go to the channel; only the shell has the runner's terminal.
    Files that plays leave on this machine have the modes that they would have without us.
    """
    run = f'"$@" {DESCRIPTOR}>"$events" </dev/null >"$output" 2>&1'
    umask = f"umask {settings.ANSIBLE_UMASK}"
    script = f"events=$1 output=$2; shift 2; trap : TERM INT HUP; {umask}; {run}; exit $?"
    script = f'. "$0" || exit; {script}' if folder.environment else script
    pipes = map(str, (channel.events_path, channel.output_path))
    shell = ["sh", "-c", script, str(folder.environment or "sh"), *pipes]
    if not shutil.which("setpriv"):
        return shell
    return ["setpriv", "--pdeathsig", "KILL", *shell, "setpriv", "--pdeathsig", "TERM"]


def process_environment(prepared: dict[str, str], folder: RunFolder, token: str) -> dict[str, str]:
    """What the runner adds and a few variables of our own; nothing else of the worker's."""
    added = {name: value for name, value in prepared.items() if os.environ.get(name) != value}
    kept = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
    return {
        **kept,
        **added,
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_FORCE_COLOR": "True",
        "ANSIBLE_HOST_KEY_CHECKING": "True",
        # A configuration that asks for passwords would wait at our terminal forever.
        "ANSIBLE_ASK_PASS": "False",
        "ANSIBLE_BECOME_ASK_PASS": "False",
        "ANSIBLE_ASK_VAULT_PASS": "False",
        # Host keys are checked, whatever ansible.cfg, inventory and plays say about ssh.
        **ssh_programs.settings_of(folder.known_hosts.parent),
        # Groups named like web-servers are common, and a warning in every log tells nobody
        # anything.
        "ANSIBLE_TRANSFORM_INVALID_GROUP_CHARS": "ignore",
        # Sockets that runs share would let one use another's login; empty: Ansible names them.
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(folder.control_path),
        "ANSIBLE_SSH_CONTROL_PATH": "",
        # Decrypted vaults and filled templates pass through it; removed with the folder.
        "ANSIBLE_LOCAL_TEMP": str(folder.path / "tmp"),
        # Only ours: the runner's own callback reports through files and the output.
        "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
        "ANSIBLE_STDOUT_CALLBACK": "infraops_events",
        # The run's log is ours, and masked.
        "ANSIBLE_LOG_PATH": os.devnull,
        "ANSIBLE_INVENTORY_ENABLED": _inventory_plugins(folder),
        inventory_folder.VARIABLE: str(folder.inventory_data),
        VARIABLE: str(DESCRIPTOR),
        processes.MARKER: token,
    }


def _inventory_plugins(folder: RunFolder) -> str:
    """The plugins that ansible.cfg enables, after the one that reads a run's inventory.

    Always given: ~/.ansible.cfg, or the file that ANSIBLE_CONFIG names, may not enable that one.
    """
    enabled = folder.config.settings.get(INVENTORY_PLUGINS, "") if folder.config else ""
    return f"script,{enabled or USUAL_PLUGINS}"
