"""Which servers a playbook's plays match, as far as that is known before it runs.

Ansible resolves hosts at the start of each play, when earlier tasks may have created groups. This
module reads the playbook and the playbooks it imports. Where those do not settle the matter (a
template, a regular expression, a subscript), it makes no statement.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address
from itertools import chain
from typing import Any

import yaml

from inventory.choosing import patterns
from inventory.models import LOCALHOST, Inventory, Server, group_name, share_inventories

from . import playbook_files
from .imported_playbooks import entries_of
from .playbook_files import IMPORT, MOST_EXAMINED_BYTES, module_name

# Marks of a template, a regular expression, a subscript.
UNDECIDED = ("{", "~", "[")
OUTSIDE = ", and hosts that an earlier task adds are not part of this launch"
MAKERS = {"add_host", "group_by"}
# Keys that can bring such tasks in from other files.
OTHER_FILES = {"roles", "include_role", "import_role", "include_tasks", "import_tasks"}


@dataclass(frozen=True)
class Play:
    """A play. `hosts` is as written; `terms` are its parts, or None if known only at run time.

    `makes_groups`: a task in the file adds hosts or groups. `names_files`: a role's or another
    file's task might.
    """

    name: str
    hosts: str
    terms: tuple[str, ...] | None
    place: str
    makes_groups: bool = False
    names_files: bool = False

    @property
    def wanted(self) -> list[str]:
        """The terms that add hosts, if they are known."""
        return [term for term in self.terms or () if term[0] not in "!&"]

    @property
    def names_localhost(self) -> bool:
        return not {*self.wanted}.isdisjoint(LOCALHOST)

    @property
    def words(self) -> str:
        named = f"Play “{self.name}”" if self.name else f"The play at {self.place}"
        return f"{named} (hosts: {self.hosts})"


@dataclass(frozen=True)
class Idle:
    """A play that matches none of the chosen servers; perhaps none, if not `is_sure`."""

    play: Play
    reason: str
    is_sure: bool = True

    @property
    def words(self) -> str:
        return f"{self.play.words} {'will' if self.is_sure else 'may'} not run: {self.reason}."

    def as_row(self) -> dict[str, str]:
        """An item of Run.idle_plays."""
        play = self.play
        return {
            "play": play.name or play.hosts,
            "hosts": play.hosts,
            "place": play.place,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class Forecast:
    """The prediction. `skipped` are the host names of chosen servers that no play matches.

    `local` are plays that run on the worker itself.
    """

    idle: list[Idle] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    local: list[Play] = field(default_factory=list)


def forecast(
    file_path: str,
    chosen: Iterable[Server],
    others: Iterable[Server],
    *,
    localhost: bool = False,
    is_unlimited: bool = False,
) -> Forecast:
    """Which plays will match none of the chosen servers, and which servers will be skipped.

    `others` of the inventory are read only for plays that match no chosen server. `localhost`:
    plays for localhost run; `is_unlimited`: hosts that tasks add take part, too.
    """
    plays, is_whole = read_plays(file_path)
    here = Names(chosen)
    elsewhere = Names(others, like=here)
    taken: set[str] = set()
    idle: list[Idle] = []
    before: list[Play] = []
    local: list[Play] = []
    for play in plays:
        found = here.matching(play.terms) if play.terms is not None else None
        is_local = localhost and play.names_localhost and not here.has(LOCALHOST)
        local += [play] if is_local else []
        if found == set() and not is_local:
            idle.append(_idle(play, before, here, elsewhere, is_unlimited=is_unlimited))
        else:
            is_whole = is_whole and found is not None
            taken |= found or set()
            before.append(play)
    if not plays or not is_whole or not all(each.is_sure for each in idle):
        return Forecast(idle, local=local)
    return Forecast(idle, [name for name in here.hosts if name not in taken], local)


def plays_for(file_path: str, server: Server) -> list[Play]:
    """The plays that certainly match this server."""
    own = Names([server])
    return [play for play in read_plays(file_path)[0] if play.terms and own.matching(play.terms)]


def plays_for_localhost(file_path: str) -> list[Play]:
    """The plays that name localhost, which is the worker itself unless a server is called so."""
    return [play for play in read_plays(file_path)[0] if play.names_localhost]


def _idle(
    play: Play, before: list[Play], here: "Names", elsewhere: "Names", *, is_unlimited: bool
) -> Idle:
    """Why the play matches no chosen server. `before`: the earlier plays that will run."""
    wanted = play.wanted
    if wanted and set(wanted) <= {*LOCALHOST}:
        return Idle(play, "the launch is limited to the chosen servers, without localhost")
    is_unknown = bool(wanted) and not any(
        names.matching((term,)) for term in wanted for names in (here, elsewhere)
    )
    reason = "no server matches" if is_unlimited else "no chosen server matches"
    if is_unknown:
        names = " and ".join(f"“{term}”" for term in wanted)
        verb = "matches" if len(wanted) == 1 else "match"
        reason = f"{names} {verb} no server in the inventory"
    if any(each.makes_groups or (is_unknown and each.names_files) for each in before):
        more = " unless an earlier task adds some" if is_unlimited else OUTSIDE
        return Idle(play, f"{reason}{more}", is_sure=False)
    return Idle(play, reason)


# --- Patterns -------------------------------------------------------------------------------------


class Names:
    """Host names and groups of some servers, read on first use."""

    def __init__(self, servers: Iterable[Server], like: "Names | None" = None) -> None:
        """`like` are others of the same inventory, whose groups need not be read again."""
        self._servers = servers
        self._like = like
        self.inventory: Inventory | None = None
        # {group: its hosts, at any depth}
        self._members: dict[str, set[str]] | None = None
        self._names: patterns.PatternNames | None = None
        self.hosts: list[str] = []

    def has(self, hosts: Iterable[str]) -> bool:
        """Whether any of the servers is called so."""
        self._read()
        return not {*self.hosts}.isdisjoint(hosts)

    def matching(self, terms: tuple[str, ...]) -> set[str]:
        """The hosts that a pattern matches."""
        self._read()
        return set(self._names.matching(terms)) if self._names else set()

    def _read(self) -> None:
        if self._members is not None:
            return
        rows = list(self._servers)
        known = self._like.inventory if self._like else None
        if known is not None:
            for server in rows:
                server.inventory = known
        share_inventories(rows)
        self.inventory = rows[0].inventory if rows else known
        self.hosts = [server.inventory_name for server in rows]
        self._members = {"all": set(self.hosts)}
        if rows:
            self._members |= {name: set() for name in rows[0].inventory.graph.by_name}
        for server in rows:
            for name in _groups_of(server) or ["ungrouped"]:
                self._members.setdefault(name, set()).add(server.inventory_name)
        members = self._members
        self._names = patterns.PatternNames(self.hosts, [*members], lambda group: [*members[group]])


def _groups_of(server: Server) -> list[str]:
    """The names of its groups in a run's inventory, at any depth."""
    graph = server.inventory.graph
    names = [graph.groups[pk].name for pk in graph.groups_of.get(server.pk, [])]
    environment = group_name(server.environment)
    if server.inventory.separates_environments and environment not in graph.by_name:
        names.append(environment)
    return names


def terms_of(hosts: Any) -> tuple[str, ...] | None:
    """The terms of a `hosts` value; None if they are known only at run time."""
    if isinstance(hosts, list):
        parts = [terms_of(each) for each in hosts]
        known = [part for part in parts if part is not None]
        return tuple(chain.from_iterable(known)) or None if len(known) == len(parts) else None
    if not isinstance(hosts, str) or any(sign in hosts for sign in UNDECIDED):
        return None
    separators = "," if "," in hosts or _is_address(hosts.strip()) else r"[:\s]"
    terms = tuple(term for part in re.split(separators, hosts) if (term := part.strip()))
    # “web:22” is a host with a port, not two names.
    is_plain = all(
        term not in ("!", "&")
        and (_is_address(term.lstrip("!&")) or (":" not in term and not term.isdigit()))
        for term in terms
    )
    return terms if terms and is_plain else None


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


# --- Files ----------------------------------------------------------------------------------------


def read_plays(file_path: str) -> tuple[list[Play], bool]:
    """(plays in order, including imported ones; whether those are all)."""
    found = list(entries_of(file_path, _read, lambda entry: entry.imports))
    plays = [
        Play(
            *(entry.name, entry.hosts, entry.terms, f"{path}:{entry.line}"),
            *(entry.makes_groups, entry.names_files),
        )
        for path, entry in filter(None, found)
        if entry.imports is None
    ]
    return plays, None not in found


def _read(content: bytes) -> tuple["_Entry", ...] | None:
    return _entries(content) if len(content) <= MOST_EXAMINED_BYTES else None


@dataclass(frozen=True)
class _Entry:
    """An entry of a playbook: a play, or an import if `imports` is set."""

    line: int
    imports: str | None = None
    name: str = ""
    hosts: str = ""
    terms: tuple[str, ...] | None = None
    makes_groups: bool = False
    names_files: bool = False


@lru_cache(maxsize=64)
def _entries(content: bytes) -> tuple[_Entry, ...] | None:
    """The entries of a playbook's text, or None if it is not a playbook."""
    loader = None
    try:
        loader = playbook_files.QuickLoader(content)
        root = loader.get_single_node()
        nodes = root.value if isinstance(root, yaml.SequenceNode) else []
        read = [(node.start_mark.line + 1, loader.construct_document(node)) for node in nodes]
        if not read or not all(isinstance(play, dict) for _line, play in read):
            return None
        return tuple(_entry(line, play) for line, play in read)
    except playbook_files.UNREADABLE:
        return None
    finally:
        if loader is not None:
            loader.dispose()


def _entry(line: int, play: dict[Any, Any]) -> _Entry:
    for key, value in play.items():
        if module_name(key) == IMPORT:
            return _Entry(
                line, imports=value if isinstance(value, str) and "{" not in value else ""
            )
    hosts, name = play.get("hosts"), str(play.get("name") or "")
    keys = set(_keys(play, set()))
    return _Entry(
        line,
        name="" if "{{" in name else name,
        hosts=",".join(map(str, hosts)) if isinstance(hosts, list) else str(hosts),
        terms=terms_of(hosts),
        makes_groups=bool(keys & MAKERS),
        names_files=bool(keys & OTHER_FILES),
    )


def _keys(value: Any, seen: set[int]) -> Iterator[str]:
    """The keys of a play, its tasks and everything below.

    `seen` avoids following YAML aliases twice.
    """
    if id(value) in seen or not isinstance(value, (dict, list)):
        return
    seen.add(id(value))
    if isinstance(value, dict):
        yield from map(module_name, value)
    for each in value.values() if isinstance(value, dict) else value:
        yield from _keys(each, seen)
