"""An inventory from our rows as an Ansible script lists it, with the files beside it.

Secrets are masked unless they are asked for. What Ansible Vault has encrypted stays as it is.
Credentials are no part of an inventory.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from audit.redaction import MASK, redacted
from inventory.ansible.credential_variables import layers
from inventory.ansible.inventory_file import arranged, connection_of
from inventory.host_variables import opened_variables
from inventory.large_numbers import as_numbers
from inventory.models import ALL, GroupGraph, Inventory, Server
from inventory.models.own_variables import OwnVariables
from schema.encryption import Undecryptable
from schema.exceptions import Refused
from schema.sealing import change_sealed, unseal

VAULTED = "__ansible_vault"
Variables = dict[str, Any]
# Shows variables of a row: with secrets, or masked.
Show = Callable[[OwnVariables, Variables], Variables]


@dataclass(frozen=True)
class Export:
    """The active servers of an inventory, in its order, with all of its groups."""

    inventory: Inventory
    servers: list[Server]
    graph: GroupGraph
    with_secrets: bool = False

    @cached_property
    def listing(self) -> dict[str, Any]:
        """What a script prints for --list, without what stands in files beside it."""
        own = self._own_of_all()
        hostvars = {server.inventory_name: own(server) for server in self.servers}
        everybody = self.graph.by_name.get(ALL)
        for_all = self._show(everybody, everybody.variables) if everybody else {}
        return arranged(self.servers, hostvars, for_all, self.graph, self._show_group)

    @cached_property
    def files(self) -> dict[str, Variables | str]:
        """{path beside the inventory: variables, or the text of a vaulted file}."""
        found: dict[str, Variables | str] = {}
        rows: list[OwnVariables] = [*self.graph.groups.values(), *self.servers]
        for row in rows:
            for file in row.variable_files:
                shown = file.get("vaulted") or self._show(row, file.get("variables", {}))
                found[file["path"]] = shown
        return found

    @property
    def dynamic(self) -> dict[str, Any]:
        """The same in one piece: what files set is merged into the hosts, as Ansible would.

        Raises Refused for a vaulted file, as nobody here can read it.
        """
        if not self.files:
            return self.listing
        if vaulted := [path for path, told in self.files.items() if isinstance(told, str)]:
            raise Refused(
                f"{vaulted[0]} is encrypted by Ansible Vault as a whole. Export the inventory as a "
                "folder: manage.py export_inventory --format folder."
            )
        names = {server.pk: server.inventory_name for server in self.servers}
        merged = {names[server.pk]: self._merged(server) for server in self.servers}
        return arranged(self.servers, merged, {}, self.graph, lambda group: {})

    def of_host(self, name: str) -> Variables:
        """What a script prints for --host."""
        found: Variables = self.dynamic["_meta"]["hostvars"][name]
        return found

    # Private

    @property
    def _show(self) -> Show:
        return _opened if self.with_secrets else _masked

    def _show_group(self, group: Any) -> Variables:
        return self._show(group, group.variables)

    def _own_of_all(self) -> Callable[[Server], Variables]:
        return lambda server: connection_of(server) | self._show(server, _own(server))

    def _merged(self, server: Server) -> Variables:
        """All variables that reach the server, in Ansible's order."""
        merged: Variables = {}
        for _source, variables in self.graph.layers_for(server.pk):
            merged |= variables
        merged |= connection_of(server) | _own(server)
        for _path, variables in server.all_variables()[1:]:
            merged |= variables
        return self._show(server, merged)


def read_export(
    inventory: Inventory, *, with_secrets: bool = False, hosts: Collection[str] | None = None
) -> Export:
    """Three queries, however many servers; of these hosts only, if they are given."""
    servers = inventory.servers.filter(is_active=True).order_by("position", "pk")
    if hosts is not None:
        servers = servers.filter(inventory_name__in=hosts)
    rows = list(servers.defer("description", "host_key", "tags", "created_at", "updated_at"))
    for server in rows:
        server.inventory = inventory
    return Export(inventory, rows, inventory.graph, with_secrets)


def _own(server: Server) -> Variables:
    """The variables of the host itself, and the key file that a column names."""
    merged: Variables = {}
    for _source, variables in layers(server, None, {}):
        merged |= variables
    return merged


def _opened(row: OwnVariables, variables: Variables) -> Variables:
    try:
        return opened_variables(row, variables)
    except Undecryptable as error:
        raise Refused(f"{error} Put the key back, or enter the secret again.") from None


def _masked(row: OwnVariables, variables: Variables) -> Variables:
    shown = {name: change_sealed(value, _mask_unless_vaulted) for name, value in variables.items()}
    return {name: as_numbers(value) for name, value in _unseen(shown).items()}


def _mask_unless_vaulted(sealed: dict[str, str]) -> Any:
    """What Ansible Vault has encrypted is no secret of ours, and stays."""
    try:
        opened = unseal(sealed)
    except Undecryptable:
        return MASK
    is_vaulted = isinstance(opened, dict) and opened.keys() == {VAULTED}
    return opened if is_vaulted else MASK


def _unseen(variables: Variables) -> Variables:
    """With secrets masked that an older release has left in clear."""
    return {
        name: value
        if isinstance(value, dict) and value.keys() == {VAULTED}
        else redacted({name: value})[name]
        for name, value in variables.items()
    }
