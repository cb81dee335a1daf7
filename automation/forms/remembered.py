"""The values of a user's last run of a playbook, to offer them again."""

import json
from functools import cached_property
from typing import Any

from accounts.models import User
from audit.redaction import MASK, has_mask
from automation.launching.relaunching import choice_to_repeat, jobs_to_repeat
from automation.models import Playbook, Run
from automation.models.options import OPTIONS
from automation.reports.run_servers import Target
from automation.variables import as_text
from inventory.choosing import CHOSEN_BY
from inventory.models import Server

from .launch_form import FREE, PREFIX, LaunchForm, initial_for_relaunch

# How many of a playbook's newest runs are searched: finding one's own among a million would take a
# while.
NEWEST = 500
LONGEST_WORDS = 80
# The servers of larger runs are not offered again.
MOST_SERVERS = 1000


def last_values(actor: User, playbook: Playbook | None) -> "Remembered | None":
    """None if this user has not run it, or not recently."""
    if playbook is None:
        return None
    newest = Run.objects.filter(playbook=playbook).order_by("-id").values_list("id", "launched_by")
    pk = next((pk for pk, by in newest[:NEWEST] if by == actor.pk), None)
    run = Run.objects.select_related("playbook", "credential").filter(pk=pk).first() if pk else None
    return Remembered(run) if run else None


class Remembered:
    """An earlier run's servers, values and options; never its secrets."""

    def __init__(self, run: Run) -> None:
        self.run = run
        first = initial_for_relaunch(run)
        free = first.pop(FREE, {})
        self.first = {name: value for name, value in first.items() if not _is_masked(value)}
        if kept := {name: value for name, value in free.items() if not _is_masked(value)}:
            self.first[FREE] = kept

    @cached_property
    def servers(self) -> list[Server]:
        """The run's servers that are still active, without skipped ones, as for a relaunch."""
        keys = jobs_to_repeat(self.run).values_list("server_id", flat=True)
        taken = list(keys[: MOST_SERVERS + 1])
        is_small = len(taken) <= MOST_SERVERS
        return list(Server.objects.active().filter(pk__in=taken)) if is_small else []

    @property
    def target(self) -> Target:
        return Target.of(self.servers)

    def fields(self) -> str:
        """{field: value} as JSON: booleans for switches, keys for `servers`, else texts.

        With servers, the fields that select others are emptied, but for a whole inventory's.
        """
        form = LaunchForm(playbook=self.run.playbook, initial=self.first)
        names = [*OPTIONS, "credential", *(bound.name for bound in form.variable_fields())]
        values = {name: form[name].value() for name in names if name in self.first}
        texts = {
            name: value if isinstance(value, bool) else "" if value is None else str(value)
            for name, value in values.items()
        }
        choice = choice_to_repeat(self.run)
        servers = [] if choice else [str(server.pk) for server in self.servers]
        emptied = dict.fromkeys(CHOSEN_BY, "") if servers or choice else {}
        chosen = choice.given if choice else {}
        return json.dumps({**texts, **emptied, **chosen, "servers": servers})

    def words(self) -> list[str]:
        """Values that differ from the defaults: “version 1.4”, “--check”."""
        said = [f"{name} {as_text(value)}" for name, value in self._values().items()]
        for name, value in self.run.options().items():
            said.append(OPTIONS[name] if value is True else f"{OPTIONS[name]} {as_text(value)}")
        if self.run.credential:
            said.append(f"credential “{self.run.credential}”")
        return [each if len(each) <= LONGEST_WORDS else f"{each[:LONGEST_WORDS]}…" for each in said]

    def _values(self) -> dict[str, Any]:
        schema = self.run.playbook.schema()
        given = {
            name.removeprefix(PREFIX): value
            for name, value in self.first.items()
            if name.startswith(PREFIX)
        }
        changed = {k: v for k, v in given.items() if v != schema[k].get("default")}
        return changed | self.first.get(FREE, {})


def _is_masked(value: Any) -> bool:
    return bool(value == MASK or has_mask(value))
