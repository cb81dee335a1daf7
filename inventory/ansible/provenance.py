"""The variables and groups that a run's inventory has for a server, each with its source.

Built from the same pieces as the inventory itself, with secrets masked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from audit.redaction import MASK, redacted
from inventory.large_numbers import as_numbers
from inventory.models import Credential, Server, ServerGroup, VariableOverride, group_name

from . import ssh_programs
from .credential_variables import KEY_FILE, OWN, every_spelling, layers, texts_of
from .inventory_file import ENVIRONMENT, connection_of

# Columns that set connection variables, by their labels in the form.
COLUMNS = {
    "ansible_host": "IP address",
    "ansible_port": "SSH port",
    "ansible_user": "SSH user",
    ENVIRONMENT: "Environment",
}
SOURCES = {KEY_FILE: "SSH key file", OWN: "Variables of the server"}
ONLY_PINNED = "a script of the run, for the pinned host key and no other"
# A credential's key is written only for a run, into the run's folder.
IN_A_RUN = "a file of the run, from the key"


@dataclass(frozen=True)
class Variable:
    name: str
    value: Any
    source: str
    # Source of the value that this one overrides; empty: none.
    wins_over: str = ""
    # Where the override is edited that stands in place of an inventory source's value.
    override_url: str = ""

    @property
    def is_override(self) -> bool:
        return bool(self.override_url)


@dataclass(frozen=True)
class GroupOfServer:
    """`source`: how the server is in it."""

    name: str
    source: str
    url: str = ""


def list_variables(server: Server) -> list[Variable]:
    """The server's variables, sorted by name.

    Without those of host_vars and group_vars beside a playbook, which only its run sees.
    """
    found: dict[str, Variable] = {}
    urls = _urls_of_overrides(server)
    for source, variables in _sources(server):
        for name, value in variables.items():
            loser = found[name].source if name in found else ""
            shown = as_numbers(redacted({name: value})[name])
            found[name] = Variable(name, shown, source, loser, urls.get((source, name), ""))
    return sorted(found.values(), key=lambda variable: variable.name)


def list_group_variables(group: ServerGroup) -> list[Variable]:
    """The group's variables, those of the inventory first, then file by file."""
    overrides = {(each.file, each.name): each for each in group.overrides.all()}
    found = []
    for file, variables in group.all_variables():
        for name, value in sorted(redacted(variables).items()):
            override = overrides.get((file, name))
            url = override.get_absolute_url() if override else ""
            source = file or "The inventory itself"
            found.append(Variable(name, as_numbers(value), source, override_url=url))
    return found


def groups_of(server: Server) -> list[GroupOfServer]:
    """The server's groups, its own first, then those that contain them; then its environment's."""
    graph = server.inventory.graph
    groups = [graph.groups[pk] for pk in graph.groups_of.get(server.pk, [])]
    own = [group for group in groups if server.pk in graph.servers[group.pk]]
    others = [group for group in groups if group not in own]
    found = [GroupOfServer(each.name, "Member", each.get_absolute_url()) for each in own]
    for group in others:
        within = {pk for pk in graph.children[group.pk]} & {each.pk for each in groups}
        names = ", ".join(graph.groups[pk].name for pk in sorted(within))
        found.append(GroupOfServer(group.name, f"Contains {names}", group.get_absolute_url()))
    if server.inventory.separates_environments:
        name = group_name(server.environment)
        if name not in graph.by_name:
            found.append(GroupOfServer(name, "Environment"))
    return found


def _urls_of_overrides(server: Server) -> dict[tuple[str, str], str]:
    """{(source as in `_sources`, variable): URL} for the server and its groups."""
    groups = [group.pk for group in server.inventory.graph.with_variables_for(server.pk)]
    rows = VariableOverride.objects.filter(Q(server=server) | Q(group__in=groups))
    found = {}
    for override in rows.select_related("group"):
        own = f"Group {override.group.name}" if override.group else SOURCES[OWN]
        found[override.file or own, override.name] = override.get_absolute_url()
    return found


def _sources(server: Server) -> list[tuple[str, Mapping[str, Any]]]:
    """Variables by source, in the order in which Ansible merges them, weakest first."""
    graph = server.inventory.graph
    columns = connection_of(server)
    found: list[tuple[str, Mapping[str, Any]]] = [*graph.layers_for(server.pk)]
    found += [(COLUMNS[name], {name: value}) for name, value in columns.items()]
    credential = server.credential
    given = _masked(credential) if credential else {}
    inherited = graph.connection_names_for(server.pk)
    for source, variables in layers(server, credential, given):
        label = SOURCES.get(source, f"Credential {credential}")
        own = source == OWN
        found.append((label, variables if own else every_spelling(variables, inherited)))
    if (credential and credential.needs_pin(server)) or ssh_programs.address_unknown(server):
        found.append(("Pinned host key", dict.fromkeys(ssh_programs.VARIABLES, ONLY_PINNED)))
    found += [(path, variables) for path, variables in server.all_variables()[1:]]
    return found


def _masked(credential: Credential) -> dict[str, str]:
    key_file = IN_A_RUN if credential.ssh_private_key else ""
    return texts_of(credential, key_file, lambda name: MASK if getattr(credential, name) else "")
