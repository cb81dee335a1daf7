"""What to run, as one value: every way in builds a Launch, and `launching.launch` takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError

from automation.models import Playbook, Run
from inventory.choosing import (
    CHOSEN_BY,
    NOBODY_CHOSEN,
    Group,
    asked_inventory,
    choose_servers,
    full_name,
    group_named,
)
from inventory.models import Credential, Inventory, Server
from schema.exceptions import Refused

LONGEST_LAUNCH_REASON = 500


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Servers that are not named: the active ones that match every given criterion.

    An inventory alone is a launch on the whole of it.
    """

    inventory: str = ""
    groups: tuple[str, ...] = ()
    limit: str = ""
    environment: str = ""
    tag: str = ""
    search: str = ""

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Choice:
        """A Choice from the data of a form, a request or a command line."""
        values = {name: given[name] for name in CHOSEN_BY if given.get(name)}
        groups = values.get("groups", ())
        names = (groups,) if isinstance(groups, str) else tuple(filter(None, groups))
        return cls(**values | {"groups": names})

    @property
    def given(self) -> dict[str, Any]:
        return {name: value for name in CHOSEN_BY if (value := getattr(self, name))}

    @cached_property
    def servers(self) -> list[Server]:
        """Looked up once, so that the launch is for the servers that were shown.

        Raises ValidationError for names that nothing has.
        """
        return choose_servers(**self.given)

    def is_valid(self) -> bool:
        """False if it names something that is not there."""
        try:
            return self.servers is not None
        except ValidationError:
            return False

    def found(self) -> list[Server]:
        """The servers. Raises ValidationError if there are none."""
        if not self.servers:
            raise ValidationError({name: [NOBODY_CHOSEN] for name in self.given})
        return self.servers

    @cached_property
    def whole_inventory(self) -> Inventory | None:
        """The inventory if that is all that is asked for. Raises ValidationError."""
        is_whole = bool(self.inventory) and len(self.given) == 1
        return asked_inventory(self.inventory) if is_whole else None


class SeveralInventories(Refused):
    """The servers are in several inventories; `parts` has a launch for each, most servers first."""

    def __init__(self, asked: Sequence[Server] | Choice, parts: Mapping[Inventory, list[Server]]):
        ordered = sorted(parts.items(), key=lambda part: (-len(part[1]), part[0].name))
        self.parts = [
            InventoryPart(inventory, servers, asked if isinstance(asked, Choice) else None)
            for inventory, servers in ordered
        ]
        listed = ", ".join(f"{each.inventory} {len(each.servers)}" for each in self.parts)
        super().__init__(
            f"These servers are in several inventories ({listed}). Launch once for each."
        )


@dataclass(frozen=True)
class InventoryPart:
    """The servers of one inventory among those that a launch was asked for on."""

    inventory: Inventory
    servers: list[Server]
    choice: Choice | None

    @property
    def chosen_by(self) -> dict[str, Any]:
        """The criteria that choose just these; none if the servers were named."""
        if self.choice is None:
            return {}
        given = self.choice.given | {"inventory": self.inventory.name}
        if groups := [full_name(group) for group in self._groups(self.choice)]:
            given["groups"] = groups
        return given

    def _groups(self, choice: Choice) -> list[Group]:
        """Those of the chosen groups that are here: an inventory does not know the others."""
        named = map(group_named, choice.groups)
        return [group for group in named if group.inventory_id == self.inventory.pk]

    @property
    def keys(self) -> list[int]:
        """The servers, if they were named."""
        return [] if self.choice else [server.pk for server in self.servers]


@dataclass(frozen=True)
class Origin:
    """What asks for a launch, with the id of its row if it has one."""

    class Kind(StrEnum):
        PERSON = "person"
        API_KEY = "api_key"
        TEMPLATE = "template"
        SCHEDULE = "schedule"
        POLICY = "policy"

    kind: Kind = Kind.PERSON
    id: int | None = None


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to run: a field for each of models.options.OPTIONS. None means the default."""

    check_mode: bool | None = None
    diff_mode: bool | None = None
    become: bool | None = None
    tags: str | None = None
    skip_tags: str | None = None
    start_at_task: str | None = None
    verbosity: int | None = None
    forks: int | None = None
    deadline_seconds: int | None = None
    idle_deadline_seconds: int | None = None

    def given_options(self) -> dict[str, Any]:
        """{option: value} for the options given."""
        values = {each.name: getattr(self, each.name) for each in fields(Options)}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class Launch(Options):
    """`extra_vars` should be an object; anything else is rejected by the checks.

    Secrets in it are in plain text. `credential` overrides the servers' own.
    """

    playbook: Playbook
    servers: Sequence[Server] | Choice
    extra_vars: Any = field(default_factory=dict, repr=False)
    credential: Credential | None = None
    relaunch_of: Run | None = None
    origin: Origin = Origin()
    reason: str = ""
    # The digest of the intention that was shown; any other is refused.
    expect: str = ""
    # A second launch with the same key gets the first one's run.
    idempotency_key: str = ""

    def each_server(self) -> list[Server]:
        """The servers without duplicates. Raises ValidationError if a choice matches none."""
        if not isinstance(self.servers, Choice):
            return list(dict.fromkeys(self.servers))
        return self.servers.found()

    @property
    def whole_inventory(self) -> Inventory | None:
        """The inventory, if the launch was asked for on all of it: only then without --limit.

        None for a choice or for named servers that happen to be all of its servers.
        """
        return self.servers.whole_inventory if isinstance(self.servers, Choice) else None
