"""Which server a host of an inventory is, and the hostname of a new one."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from inventory.models import Inventory, InventorySource, Server


class Hostnames:
    """Reads the inventory's servers once, and every hostname."""

    def __init__(
        self, inventory: Inventory, source: InventorySource | None, names: Sequence[str]
    ) -> None:
        self._inventory = inventory
        listed = set(names)
        self._found: set[int] = set()
        self._exact = {server.inventory_name: server for server in inventory.servers.all()}
        # Earlier releases stored names in lower case.
        own = {None, source.pk if source else None}
        self._by_lower = {
            name: server
            for name, server in self._exact.items()
            if name not in listed and server.source_id in own
        }
        self._taken = set(map(_folded, Server.objects.values_list("hostname", flat=True)))

    def server_of(self, name: str) -> Server:
        """The server of this name, or of its name in lower case if no other host has that."""
        server = self._exact.get(name) or self._by_lower.pop(name.lower(), None)
        if server is None:
            return Server(inventory=self._inventory, hostname=self._free(name))
        self._found.add(server.pk)
        return server

    def others(self) -> Iterator[Server]:
        """The inventory's servers that are none of those asked for."""
        return (server for server in self._exact.values() if server.pk not in self._found)

    def _free(self, name: str) -> str:
        """A hostname that no server has, even where case and accents do not count."""
        number = 1
        hostname = self._inventory.full_name(name)
        while _folded(hostname) in self._taken:
            number += 1
            hostname = self._inventory.full_name(name, number)
        self._taken.add(_folded(hostname))
        return hostname


def _folded(text: str) -> str:
    """The text as MySQL and MariaDB compare it, or more alike."""
    if text.isascii():
        return text.lower().rstrip()
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in plain if not unicodedata.combining(each)).rstrip()
