"""Where a playbook's runs start, and the ansible.cfg that Ansible finds there.

Ansible reads ansible.cfg in its working directory only. A playbook's runs start where people start
it by hand: in the folder that it names, or else in the nearest folder with an ansible.cfg, from the
playbook's own up to the root.
"""

from __future__ import annotations

import configparser
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from django.core.exceptions import ValidationError

from schema.limits import name_some

from .playbook_files import hash_of, locate_file, prefix_of, root_of

NAME = "ansible.cfg"
MOST_BYTES = 256 * 1024
MOST_FORKS = 500
FALSE = {"false", "no", "off", "0", "n", "f"}
# What a run sets itself, in the environment or as an argument, and why. docs/operations.md has all;
# these are the ones that change what a playbook does.
OVERRIDDEN: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("defaults", "inventory"): "the run has the inventory of its servers",
        ("defaults", "host_key_checking"): "host keys are always checked",
        ("ssh_connection", "host_key_checking"): "host keys are always checked",
        ("defaults", "ask_pass"): "nobody is there to answer",
        ("defaults", "ask_vault_pass"): "nobody is there to answer",
        ("privilege_escalation", "become_ask_pass"): "nobody is there to answer",
        ("defaults", "callback_plugins"): "the run reports through its own",
        ("defaults", "log_path"): "the run has its own log",
        ("defaults", "retry_files_enabled"): "relaunch the failed servers instead",
    }
)
# They ask for what a run does anyway, if they are off or on, respectively.
HARMLESS_OFF = {"ask_pass", "ask_vault_pass", "become_ask_pass", "retry_files_enabled"}
HARMLESS_ON = {"host_key_checking"}
FACT_CACHE = ("defaults", "fact_caching_connection")
INVENTORY_PLUGINS = ("inventory", "enable_plugins")


@dataclass(frozen=True)
class AnsibleConfig:
    """An ansible.cfg; `path` is relative to the root."""

    path: str
    content: bytes

    @property
    def hash(self) -> str:
        return hash_of(self.content)

    @cached_property
    def settings(self) -> dict[tuple[str, str], str]:
        """{(section, name): value}; none if Ansible could not read the file either."""
        parser = configparser.RawConfigParser(inline_comment_prefixes=(";",))
        try:
            parser.read_string(self.content.decode())
        except (configparser.Error, UnicodeDecodeError):
            return {}
        return {
            (section, name): value
            for section in parser.sections()
            for name, value in parser.items(section)
        }

    @property
    def forks(self) -> int | None:
        text = self.settings.get(("defaults", "forks"), "").strip()
        is_number = text.isascii() and text.isdigit() and len(text) < 6
        return min(int(text), MOST_FORKS) if is_number and int(text) else None

    @property
    def overridden(self) -> dict[str, str]:
        """{name: why} of the settings that have no effect in a run."""
        return {
            name: reason
            for (section, name), reason in OVERRIDDEN.items()
            if (section, name) in self.settings and not self._is_harmless(section, name)
        }

    @property
    def fact_cache(self) -> PurePosixPath | None:
        """The folder of cached facts, relative to the root; None if it is not below it."""
        text = self.settings.get(FACT_CACHE, "").strip()
        if not text or text.startswith(("/", "~", "$", "{")):
            return None
        found = PurePosixPath(os.path.normpath(PurePosixPath(self.path).parent / text))
        return None if ".." in found.parts or not found.parts else found

    @property
    def words(self) -> list[str]:
        """Sentences: what a run does not do as the file asks."""
        said = [f"{name} ({reason})" for name, reason in self.overridden.items()]
        found = [f"{self.path}: a run ignores {name_some(said, len(said))}."] if said else []
        if self.fact_cache:
            found.append(f"{self.path}: cached facts last for one run (fact_caching_connection).")
        return found

    def _is_harmless(self, section: str, name: str) -> bool:
        value = self.settings[section, name].strip().lower()
        if name in HARMLESS_OFF:
            return value in FALSE
        return name in HARMLESS_ON and value not in FALSE


@dataclass(frozen=True)
class Start:
    """Where runs of a playbook start: a folder relative to its root, "." for the root itself."""

    folder: str
    config: AnsibleConfig | None = None

    def as_json(self) -> dict[str, str | int]:
        """What a run keeps of its configuration; empty if there is none."""
        if self.config is None:
            return {}
        kept: dict[str, str | int] = {"path": self.config.path, "hash": self.config.hash}
        return kept | ({"forks": self.config.forks} if self.config.forks else {})


def find_start(file_path: str, chosen: str = "") -> Start:
    """Where the playbook's runs start, by its file and the folder that it names, if any."""
    root = root_of(file_path)
    try:
        if chosen:
            return start_in(file_path, chosen)
        playbook = locate_file(file_path)
    except ValidationError:
        return Start(".")  # the launch is refused for this
    for folder in playbook.parents:
        if not folder.is_relative_to(root):
            break
        start = start_in(file_path, folder.relative_to(root).as_posix())
        if start.config is not None:
            return start
    return start_in(file_path, ".")


def start_in(file_path: str, folder: str) -> Start:
    """The start in this folder, with its ansible.cfg if it has one.

    With ANSIBLE_CONFIG in the worker's environment, Ansible reads no other file.
    """
    inside = PurePosixPath(folder, NAME).as_posix()
    try:
        path = locate_file(prefix_of(file_path) + inside)
        content = path.read_bytes() if path.stat().st_size <= MOST_BYTES else None
    except (OSError, ValidationError):
        content = None
    is_read = content is not None and "ANSIBLE_CONFIG" not in os.environ
    config = AnsibleConfig(inside, content) if is_read and content is not None else None
    return Start(PurePosixPath(folder).as_posix(), config)


def validate_folder(file_path: str, folder: str) -> None:
    """Require a folder inside the playbook's root. Raises ValidationError."""
    path = locate_file(prefix_of(file_path) + folder)
    if not path.is_dir():
        raise ValidationError(f"There is no folder “{folder}” in {root_of(file_path)}.")


def spelled_folder(folder: str) -> str:
    """The path in canonical form: “./web/” becomes web; "" stays empty."""
    return Path(folder).as_posix() if folder.strip() else ""
