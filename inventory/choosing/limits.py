"""The servers that a limit (web:&staging:!db1) means, in one inventory or in all of them.

Within an inventory it means what `--limit` does. Of several, those count that have everything that
the limit names; “web1@staging” names something of one of them.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cached_property
from itertools import chain

from django.core.exceptions import ValidationError

from inventory.models import ALL, UNGROUPED, Inventory, Server, SmartGroup, group_name
from inventory.validators import AT
from schema.limits import LONGEST_PATTERN, more_words, name_some, quoted

from .patterns import SIGNS, BadPattern, PatternNames, split_pattern, split_subscript, unsigned

# Names that one which is not there is compared with, to find what was meant.
MOST_COMPARED = 2_000
# Names that a message is about; the others are counted.
MOST_UNKNOWN = 3
EXAMPLE = "web:&staging:!db1"


def servers_within(limit: str, inventory: Inventory | None = None) -> set[int]:
    """The keys of the active servers that the limit means. Raises ValidationError."""
    try:
        return _servers_within(limit, inventory)
    except BadPattern as error:
        raise ValidationError({"limit": [str(error)]}) from None


def _servers_within(limit: str, inventory: Inventory | None) -> set[int]:
    terms = _terms_of(limit)
    every = list(Inventory.objects.order_by("name"))
    asked = [each for each in every if inventory in (None, each)]
    found = [Limit(InventoryNames(each), terms, every) for each in asked]
    complete = [each for each in found if not each.unknown]
    if not complete:
        raise BadPattern(_unknown_words(found, f" in {inventory}" if inventory else ""))
    return {key for each in complete for key in each.matching()}


def _terms_of(limit: str) -> list[str]:
    if len(limit) > LONGEST_PATTERN:
        raise BadPattern(f"At most {LONGEST_PATTERN} characters.")
    terms = split_pattern(limit)
    if not terms:
        raise BadPattern(f"Enter a pattern, for example {EXAMPLE}.")
    if not all(map(unsigned, terms)):
        raise BadPattern("“!” and “&” need a name after them.")
    if files := [term for term in terms if term.startswith(AT)]:
        raise BadPattern(f"“{files[0]}” would be a file of names: enter the names themselves.")
    return terms


# --- Names with an inventory ----------------------------------------------------------------------


def _split(term: str, every: list[Inventory]) -> tuple[str, Inventory | None]:
    """(“web[0]”, staging) of “web@staging[0]” or “web[0]@staging”; (term, None) without one."""
    name, subscript = split_subscript(term)
    end = term[len(name) :] if subscript else ""
    own, _at, inventory = name.rpartition(AT)
    if term.startswith("~") or not unsigned(own):
        return term, None
    return own + end, _named(inventory, every)


def _named(name: str, every: list[Inventory]) -> Inventory | None:
    """As Inventory.objects.named, among those that were read."""
    exact = [each for each in every if each.name == name]
    alike = exact or [each for each in every if each.name.lower() == name.lower()]
    return alike[0] if len(alike) == 1 else None


# --- One inventory --------------------------------------------------------------------------------


class InventoryNames(PatternNames):
    """The names of an inventory with the keys of its active servers, as a run has them."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        rows = inventory.servers.filter(is_active=True).order_by("position", "pk")
        columns = list(rows.values_list("pk", "inventory_name", "environment"))
        self.keys = {name: pk for pk, name, _environment in columns}
        self._names = {pk: name for name, pk in self.keys.items()}
        self._graph = inventory.graph
        self._environments: dict[str, list[str]] = {}
        taken = {*self._graph.by_name, *self.keys, ALL, UNGROUPED, "_meta", "localhost", ""}
        for _pk, name, environment in columns if inventory.separates_environments else ():
            if (group := group_name(environment)) not in taken:
                self._environments.setdefault(group, []).append(name)
        super().__init__(list(self.keys), list(self._group_names()), self._hosts_of)

    def _group_names(self) -> dict[str, None]:
        """In Ansible's order: a group, then those of its children that were not named before."""
        found = dict.fromkeys((ALL, UNGROUPED))
        for pk, group in self._graph.groups.items():
            children = (self._graph.groups[child].name for child in self._graph.children[pk])
            found |= dict.fromkeys((group.name, *children))
        return found | dict.fromkeys(self._environments)

    def _hosts_of(self, group: str) -> list[str]:
        if group == ALL:
            return list(self.hosts)
        if group == UNGROUPED:
            grouped = {*self._graph.groups_of}
            environments = {host for each in self._environments.values() for host in each}
            return [
                host
                for host in self.hosts
                if self.keys[host] not in grouped and host not in environments
            ]
        if group in self._environments:
            return self._environments[group]
        keys = self._graph.servers_below(self._graph.by_name[group].pk)
        return [self._names[key] for key in keys if key in self._names]


class Limit:
    """A limit in one inventory: its terms as Ansible knows them there.

    `elsewhere` are the signs of those that name another inventory.
    """

    def __init__(self, names: InventoryNames, terms: list[str], every: list[Inventory]) -> None:
        self.names, self.here, self.elsewhere = names, list[str](), list[str]()
        for term in terms:
            own, inventory = _split(term, every)
            if inventory is None or unsigned(term) in names.is_host | names.is_group:
                self.here.append(term)
            elif inventory == names.inventory:
                self.here.append(own)
            else:
                self.elsewhere.append(term[0] if term[0] in SIGNS else "")

    @cached_property
    def unknown(self) -> list[str]:
        """The names that nothing here has."""
        return [unsigned(term) for term in self.here if not self.names.knows(term)]

    def matching(self) -> list[int]:
        """The keys of its servers; what names another inventory names nothing here."""
        names_some = any(term[0] not in SIGNS for term in self.here)
        if "&" in self.elsewhere or ("" in self.elsewhere and not names_some):
            return []
        return [self.names.keys[host] for host in self.names.matching(self.here)]


def _unknown_words(found: list[Limit], where: str) -> str:
    """What is wrong if no inventory has everything that is named."""
    nowhere = set.intersection(*(set(each.unknown) for each in found))
    if nowhere:
        each_said = [_said(name, found, where) for name in sorted(nowhere)[:MOST_UNKNOWN]]
        return " ".join([*each_said, *more_words(len(nowhere) - MOST_UNKNOWN)])
    unknown = list(dict.fromkeys(name for each in found for name in each.unknown))
    missing = unknown[:MOST_UNKNOWN]
    having = {name: [each for each in found if name not in each.unknown] for name in missing}
    said = ", ".join(
        f"“{name}” is in {name_some([str(each.names.inventory) for each in places])}"
        for name, places in having.items()
    )
    more = more_words(len(unknown) - MOST_UNKNOWN)
    first = f"No inventory has all of these names: {said}."
    return " ".join([first, *more, "Launch once for each."])


def _said(name: str, found: list[Limit], where: str) -> str:
    inactive = Server.objects.filter(inventory__in=[each.names.inventory for each in found])
    if inactive.filter(inventory_name=name, is_active=False).exists():
        return f"“{quoted(name)}” is not active."
    known = sorted({*chain(*(each.names.is_host | each.names.is_group for each in found))})
    if SmartGroup.objects.filter(name=name).exists():
        return f"“{quoted(name)}” is a smart group: choose it as a group, not in a pattern."
    close = get_close_matches(name, known[:MOST_COMPARED], n=1)
    hint = f" Did you mean “{close[0]}”?" if close else ""
    return f"There is no server or group “{quoted(name)}”{where}.{hint}"
