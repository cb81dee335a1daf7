"""A launch that was checked but not made: what it would do, in plain words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from automation import command_line, variables
from automation.content import play_hosts
from automation.models import Run, VaultPassword, Verdict
from automation.models.waiting import why_it_would_wait
from inventory.ansible.connection import is_login_withheld
from inventory.ansible.names import reservations
from inventory.ansible.vaulted import vaulted_in
from inventory.models import InventorySource, Server
from inventory.models.own_variables import OwnVariables
from inventory.syncing.unread import unread_sources
from schema.limits import name_some

from .checks import UNREAD
from .digests import digest_contents, sign_contents

NAMED = 5
MOST_LOOKED_AT = 500
KEPT_FROM_RUN = (
    "Passwords, keys and credentials of servers outside this launch are left out: tasks delegated "
    "to them log in as this run does."
)
CANNOT_DECRYPT = (
    "The inventory has values encrypted by Ansible Vault, and neither the playbook nor the "
    "inventory has a vault password."
)
NEVER_CHECKED = re.compile(
    r"^[- \t]*+check_mode:\s*+(?:false|no|off)\b", re.IGNORECASE | re.MULTILINE
)


@dataclass(frozen=True)
class Intention:
    """The result of `launching.rehearse`.

    `run` is not saved. `words`, `values` and `command` contain no secrets.
    """

    run: Run
    servers: list[Server]
    verdict: Verdict
    # As it was when it was checked: see `contents_of`.
    contents: dict[str, Any]

    @cached_property
    def active_servers(self) -> int:
        return Server.objects.active().count()

    @property
    def production(self) -> list[Server]:
        return [server for server in self.servers if server.is_production]

    @property
    def values(self) -> dict[str, Any]:
        """The variables that it would run with, including defaults, with secrets masked."""
        return variables.masked(self.run.extra_vars)

    @property
    def value_texts(self) -> dict[str, str]:
        return {name: variables.as_text(value) for name, value in self.values.items()}

    @property
    def command(self) -> str:
        """The exact command line, as the run's own page would show it."""
        playbook = self.run.playbook
        vaults = [(each.vault_id, each.file_name) for each in self.vault_passwords]
        arguments = command_line.arguments(
            self.run,
            self.limit,
            playbook=playbook.path_in_project,
            vaults=vaults,
            has_variables=bool(self.run.extra_vars),
        )
        return command_line.format_command([command_line.PROGRAM, *arguments])

    @cached_property
    def vault_passwords(self) -> list[VaultPassword]:
        inventory = self.servers[0].inventory_id
        return list(VaultPassword.objects.for_run(self.run.playbook, inventory))

    @cached_property
    def limit(self) -> list[str] | None:
        """The names for --limit; None without one."""
        return self.run.limited_to(self.servers)

    @property
    def digest(self) -> str:
        """Equal for equal intentions."""
        return digest_contents(self.contents)

    @property
    def signed(self) -> str:
        """What a form carries to name later changes."""
        return sign_contents(self.contents)

    @property
    def words(self) -> list[str]:
        """Sentences: what runs where and how, for how long, and what it will wait for."""
        names = name_some([server.hostname for server in self.servers])
        where = describe_servers(self.servers, self.active_servers, f" ({names})")
        first = f"Runs “{self.run.playbook}” on {where}"
        how = "".join(f", {each}" for each in self._how())
        return [
            f"{first}{how}.",
            *self._start(),
            *self._reach(),
            *self.left_out,
            *self._exceptions(),
            *self._own_defaults(),
            *self._kept_from_run(),
            *self._cannot_decrypt(),
            *reservations(list(self.run.extra_vars)),
            f"{self._pace()}.",
            *self.verdict.advice,
            *self.waits_for,
        ]

    @property
    def question(self) -> str:
        """ "Run “Deploy” on 2 servers, all of them in production (web1 and web2)?"."""
        mode = " in check mode" if self.run.check_mode else ""
        names = name_some([server.hostname for server in self.servers])
        where = f"{count_servers(self.servers)}{in_production(self.servers)} ({names})"
        return f"Run “{self.run.playbook}”{mode} on {where}?"

    @cached_property
    def unread_sources(self) -> list[InventorySource]:
        """Inventory sources that have changed since they were last synced."""
        if not any(each.rule == UNREAD for each in self.verdict.violations):
            return []
        found = unread_sources({server.inventory_id for server in self.servers})
        return [source for source, _words in found]

    @cached_property
    def forecast(self) -> play_hosts.Forecast:
        """Plays that will not run, and servers that no play is for, according to the playbook.

        Other servers are read only if a play matches none of these.
        """
        neighbours = Server.objects.neighbours_of(self.servers)
        return play_hosts.forecast(
            self.run.playbook.file_path,
            self.servers,
            neighbours.iterator(),
            localhost=self.limit is None or len(self.limit) > len(self.servers),
            is_unlimited=self.run.whole_inventory,
        )

    @cached_property
    def left_out(self) -> list[str]:
        """The same as sentences; if there are many plays, the first few."""
        idle, skipped = self.forecast.idle, self.forecast.skipped
        more = len(idle) - NAMED
        said = [each.words for each in (idle if more == 1 else idle[:NAMED])]
        if more > 1:
            said.append(f"{more} more plays match none of the chosen servers.")
        said += [f"{play.words} runs on the worker itself." for play in self.forecast.local]
        if skipped and len(skipped) == len(self.servers) and not self.forecast.local:
            return [*said, "No play targets any of the chosen servers, so the run would fail."]
        end = "it will be skipped" if len(skipped) == 1 else "they will be skipped"
        return [*said, f"No play targets {name_some(skipped)}: {end}."] if skipped else said

    @cached_property
    def waits_for(self) -> list[str]:
        """Sentences: why it would not start at once, as things are now."""
        return why_it_would_wait(self.run, self.servers)

    def _start(self) -> list[str]:
        """Where it starts, unless in the root, and which settings it does not follow."""
        start = self.run.playbook.start
        file = " with its ansible.cfg" if start.config else ""
        where = [f"Starts in “{start.folder}”{file}."] if start.folder != "." else []
        return [*where, *(start.config.words if start.config else [])]

    def _reach(self) -> list[str]:
        if not self.run.whole_inventory:
            return []
        return [
            f"This is the whole inventory “{self.servers[0].inventory}”, so there is no --limit: "
            "plays for localhost and for hosts that tasks add run, too."
        ]

    def _how(self) -> list[str]:
        run = self.run
        said = [
            (run.tags, f"only tasks tagged {_listed(run.tags)}"),
            (run.skip_tags, f"skipping tasks tagged {_listed(run.skip_tags)}"),
            (run.start_at_task, f"starting at task “{run.start_at_task}”"),
            (run.become, "as root"),
            (run.credential, f"with credential “{run.credential}”"),
            (run.diff_mode, "showing differences"),
            (run.check_mode, "in check mode (no changes)"),
        ]
        return [words for is_given, words in said if is_given]

    def _exceptions(self) -> list[str]:
        """As far as the playbook's own file shows: roles may have such tasks too."""
        if self.run.check_mode and NEVER_CHECKED.search(self.run.playbook.source):
            return ["Tasks with “check_mode: false” still make changes."]
        return []

    def _own_defaults(self) -> list[str]:
        given, schema = self.run.extra_vars, self.run.playbook.schema()
        left = [name for name in variables.own_defaults(schema) if name not in given]
        return [f"The playbook sets its own default for {name_some(left)}."] if left else []

    def _kept_from_run(self) -> list[str]:
        """What the inventory has and the run does not: how to log in to servers beside its own."""
        others = Server.objects.neighbours_of(self.servers)
        return [KEPT_FROM_RUN] if is_login_withheld(self.servers[0].inventory, others) else []

    def _cannot_decrypt(self) -> list[str]:
        """Of so many servers only the first are looked at, as a preview must be quick."""
        groups = self.servers[0].inventory.graph.groups.values()
        rows: list[OwnVariables] = [*self.servers[:MOST_LOOKED_AT], *groups]
        is_needed = not self.vault_passwords and any(any(vaulted_in(row)) for row in rows)
        return [CANNOT_DECRYPT] if is_needed else []

    def _pace(self) -> str:
        run, count = self.run, len(self.servers)
        together = f"At most {run.forks} servers at once" if count > run.forks else "All at once"
        if run.forks == 1 and count > 1:
            together = "One server at a time"
        silent = run.idle_deadline_seconds
        limit = f"Time limit: {_span(run.deadline_seconds)}"
        limit += f", or {_span(silent)} without output" if silent else ""
        return f"{together}. {limit}" if count > 1 else limit


def describe_servers(servers: Sequence[Server], active: int, names: str = "") -> str:
    """ "3 of 57 active servers (web1, web2, db1), 2 of them in production"."""
    total = f"{active} active server{'' if active == 1 else 's'}"
    return f"{len(servers)} of {total}{names}{in_production(servers)}"


def button(servers: Sequence[Server], *, check_mode: bool) -> str:
    """ "Run on 3 servers, 2 of them in production"."""
    mode = " in check mode" if check_mode else ""
    return f"Run{mode} on {count_servers(servers)}{in_production(servers)}" if servers else "Run"


def count_servers(servers: Sequence[Server]) -> str:
    return f"{len(servers)} server{'' if len(servers) == 1 else 's'}"


def in_production(servers: Sequence[Server]) -> str:
    """A suffix for a number of servers; "" if none of them is in production."""
    count = sum(server.is_production for server in servers)
    if count == 0:
        return ""
    if count == len(servers):
        return ", in production" if count == 1 else ", all of them in production"
    return f", {count} of them in production"


def _listed(tags: str) -> str:
    return tags.replace(",", ", ")


def _span(seconds: int) -> str:
    return f"{seconds // 60} min" if seconds % 60 == 0 else f"{seconds} s"
