"""What would run, as plain data: its digest, and how it differs from what was shown.

A launch sends back the digest of the plan that the user saw. If the plan has changed, nothing is
launched, and the differences are named.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

from django.core import signing
from django.utils.crypto import salted_hmac

from automation import variables
from automation.models import Run
from automation.models.options import OPTIONS
from inventory.models import Credential, Server, share_inventories
from schema.exceptions import Refused
from schema.limits import name_some

# Whatever decides what runs on a server, and as whom. Not its pinned host key, which a run may
# learn itself.
OF_A_SERVER = (
    *(
        "pk",
        "inventory_id",
        "inventory_name",
        "ip_address",
        "ssh_port",
        "ssh_user",
        "ssh_key_path",
        "credential_id",
    ),
    *("environment", "tags", "variables", "variable_files"),
)
OF_A_GROUP = ("pk", "name", "priority", "variables", "variable_files")
# Whether it is for a whole inventory, and for localhost, with the words of a change.
SCOPE = {
    "whole_inventory": (
        "It runs on the whole inventory",
        "It no longer runs on the whole inventory",
    ),
    "runs_localhost": ("Its plays for localhost run", "Its plays for localhost no longer run"),
}
OF_A_CREDENTIAL = ("pk", "name", "ssh_user", "become_method", "become_user")
# With more servers, a form carries only their number.
MOST_NAMED = 500
LONGEST_VALUE = 80
# The number changes with the shape of the contents: forms that are open meanwhile have the old one.
SALT = "automation.launching.digests.5"


class PlanChanged(Refused):
    """Something other than expected would run; `intention` says what."""

    def __init__(self, intention: Any) -> None:
        super().__init__(
            "Nothing was launched: what would run has changed since it was shown. "
            "Review the new plan, then launch again."
        )
        self.intention = intention


def contents_of(run: Run, servers: Sequence[Server]) -> dict[str, Any]:
    """What would run, as JSON-serialisable data. `run` need not be saved.

    Secrets are masked: a different secret does not make a different plan.
    """
    return {
        "playbook": [run.playbook_id, run.playbook_hash, run.playbook.file_path],
        "start": [run.working_directory, *map(run.ansible_config.get, ("path", "hash"))],
        "servers": {server.hostname: _of_a_server(server) for server in servers},
        "groups": _groups(servers),
        "scope": {name: getattr(run, name) for name in SCOPE},
        "variables": variables.masked(run.extra_vars),
        "options": {name: getattr(run, name) for name in OPTIONS},
        "credential": [run.credential_id, str(run.credential or "")],
        "logins": _logins(run, servers),
    }


def _logins(run: Run, servers: Sequence[Server]) -> dict[str, list[Any]]:
    """{key of a credential: whom it logs in and acts as}; without its secrets.

    One query if servers have their own credentials and the run names none.
    """
    own = {server.credential_id for server in servers if server.credential_id}
    if run.credential:
        rows = [run.credential]
    else:
        rows = list(Credential.objects.filter(pk__in=own)) if own else []
    return {str(row.pk): [getattr(row, name) for name in OF_A_CREDENTIAL] for row in rows}


def digest_contents(contents: dict[str, Any]) -> str:
    """SHA-256 in hex, independent of the order of keys."""
    return hashlib.sha256(json.dumps(contents, sort_keys=True).encode()).hexdigest()


def _of_a_server(server: Server) -> str:
    return _short_hash([getattr(server, name) for name in OF_A_SERVER])


def _groups(servers: Sequence[Server]) -> dict[str, str]:
    """{name: hash} of the groups that the servers are in at any depth: plays are for them.

    Two queries for each inventory whose groups are not read yet.
    """
    share_inventories(servers)
    found: dict[str, str] = {}
    for inventory in {server.inventory_id: server.inventory for server in servers}.values():
        graph = inventory.graph
        for pk in graph.reaching(server.pk for server in servers):
            group = graph.groups[pk]
            # With its other members and in order: tasks take the first host of a group.
            inside = [graph.servers[pk], [graph.groups[key].name for key in graph.children[pk]]]
            own = [getattr(group, name) for name in OF_A_GROUP]
            found[str(group)] = _short_hash([*own, *inside])
    return found


def _short_hash(values: list[Any]) -> str:
    """A keyed hash, as the variables may include an easily guessed password."""
    return salted_hmac(SALT, json.dumps(values, sort_keys=True)).hexdigest()[:16]


# --- What the form carries ------------------------------------------------------------------------


def sign_contents(contents: dict[str, Any]) -> str:
    """The contents, signed, for a form to carry, so that differences can be named later.

    Many servers, or groups, are replaced by their number.
    """
    many = {
        name: len(contents[name])
        for name in ("servers", "groups")
        if len(contents[name]) > MOST_NAMED
    }
    kept = contents | many
    return signing.dumps(kept, salt=SALT, compress=True)


def read_signed(text: str) -> dict[str, Any] | None:
    """The signed contents; None if the signature is not ours."""
    try:
        return signing.loads(text, salt=SALT)
    except signing.BadSignature:
        return None


def name_changes(before: dict[str, Any] | None, after: dict[str, Any], playbook: str) -> list[str]:
    """Sentences about what has changed; empty if that cannot be known."""
    if before is None:
        return []
    return [
        *_of_the_playbook(before["playbook"], after["playbook"], playbook),
        *_of_the_start(before["start"], after["start"]),
        *_of_the_servers(before["servers"], after["servers"]),
        *_of_the_groups(before["groups"], after["groups"]),
        *_of_the_scope(before["scope"], after["scope"]),
        *_of_the_credential(before["credential"][1], after["credential"][1]),
        *_of_the_logins(before["logins"], after["logins"]),
        *_of_values("Variable", before["variables"], after["variables"]),
        *_of_values("Option", _by_flag(before["options"]), _by_flag(after["options"])),
    ]


def _of_the_playbook(before: list[Any], after: list[Any], name: str) -> Iterator[str]:
    if before[0] != after[0]:
        yield f"The playbook is now “{name}”."
    elif before[1] != after[1]:
        yield f"The file of “{name}” has changed."
    elif before[2] != after[2]:
        yield f"The file of “{name}” is now {after[2]}, was {before[2]}."


def _of_the_start(before: list[Any], after: list[Any]) -> Iterator[str]:
    if before[0] != after[0]:
        yield f"It now starts in {_quoted(after[0])}, was {_quoted(before[0])}."
    elif before[1] != after[1]:
        yield f"{after[1] or before[1]} was {'added' if after[1] else 'removed'}."
    elif before[2] != after[2]:
        yield f"The file {after[1]} has changed."


def _of_the_servers(before: dict[str, str] | int, after: dict[str, str]) -> Iterator[str]:
    if isinstance(before, int) or len(after) > MOST_NAMED:
        count = before if isinstance(before, int) else len(before)
        if count != len(after):
            yield f"Servers: {len(after)}, was {count}."
        return
    if added := sorted(after.keys() - before.keys()):
        yield f"Added: {name_some(added)}."
    if removed := sorted(before.keys() - after.keys()):
        yield f"No longer included: {name_some(removed)}."
    if edited := sorted(name for name in after if before.get(name, after[name]) != after[name]):
        yield f"Edited since: {name_some(edited)}."


def _of_the_groups(before: dict[str, str] | int, after: dict[str, str]) -> Iterator[str]:
    """A group may also be one that the servers were not in, or are not in any more."""
    if isinstance(before, int):
        return
    if changed := sorted(dict(before.items() ^ after.items())):
        yield f"Groups edited since: {name_some(changed)}."


def _of_the_scope(before: dict[str, bool], after: dict[str, bool]) -> Iterator[str]:
    for name, (on, off) in SCOPE.items():
        if before[name] != after[name]:
            yield f"{on if after[name] else off}."


def _of_the_credential(before: str, after: str) -> Iterator[str]:
    if before != after:
        own = "each server's own"
        yield f"Credential: {_quoted(after) or own}, was {_quoted(before) or own}."


def _of_the_logins(before: dict[str, list[Any]], after: dict[str, list[Any]]) -> Iterator[str]:
    edited = [after[key][1] for key in after if before.get(key, after[key]) != after[key]]
    if edited:
        yield f"Credentials edited meanwhile: {name_some(sorted(edited))}."


def _of_values(kind: str, before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old != new:
            yield f"{kind} {name}: {_told(new)}, was {_told(old)}."


def _by_flag(options: dict[str, Any]) -> dict[str, Any]:
    return {OPTIONS[name]: value for name, value in options.items() if name in OPTIONS}


def _told(value: Any) -> str:
    if value is None or value == "":
        return "not set"
    text = variables.as_text(value)
    return _quoted(text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…")


def _quoted(text: str) -> str:
    return f"“{text}”" if text else ""
