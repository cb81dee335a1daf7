"""The secrets that no log of a run may show, with their labels."""

from collections.abc import Iterable, Iterator
from itertools import islice

from audit.redaction import named_secrets, secrets_within
from automation.models import Run, VaultPassword
from inventory.ansible.vaulted import secrets_of, vaulted_in
from inventory.host_variables import secrets_in
from inventory.models import Credential, Server, ServerGroup
from inventory.models.own_variables import OwnVariables
from schema.sealing import open_sealed, sealed_paths, texts_in

VAULTED = "a vaulted value of the inventory"
# Each takes some milliseconds.
MOST_VAULTED = 1_000


def known_secrets(
    run: Run, servers: list[Server], neighbours: Iterable[Server] = ()
) -> list[tuple[str, str]]:
    """(label, decrypted text) for the launch, its servers and their groups, credentials, vaults.

    With those of the neighbours that the run's inventory has. Raises Undecryptable.
    """
    given = [
        (path, piece)
        for path, value in sealed_paths(run.extra_vars)
        for text in texts_in(open_sealed(value))
        for piece in (text, *secrets_within(text))
    ]
    for credential in Credential.objects.used_for(servers, run.credential):
        name = f"credential “{credential}”"
        given += [(name, secret) for secret in credential.secrets()]
    passwords = _vault_passwords(run, servers[0])
    given += [(f"vault password “{vault_id}”", password) for vault_id, password in passwords]
    given += named_secrets(run.extra_vars)
    rows: list[OwnVariables] = [*ServerGroup.objects.filter(inventory=servers[0].inventory_id)]
    rows += servers
    for row in rows:
        given += secrets_in(row)
    for neighbour in neighbours:
        given += secrets_in(neighbour, is_target=False)
        rows.append(neighbour)
    given += _vaulted(rows, passwords) if passwords else []
    return list(dict.fromkeys(given))


def _vault_passwords(run: Run, server: Server) -> list[tuple[str, str]]:
    """(vault id, password) for each that the run has. Raises Undecryptable."""
    rows = VaultPassword.objects.for_run(run.playbook, server.inventory_id)
    return [(vault.vault_id, vault.opened()) for vault in rows]


def _vaulted(
    rows: Iterable[OwnVariables], passwords: list[tuple[str, str]]
) -> Iterator[tuple[str, str]]:
    """What Ansible Vault has encrypted in an inventory, as far as the run can open it."""
    texts = dict.fromkeys(text for row in rows for text in vaulted_in(row))
    for text in islice(texts, MOST_VAULTED):
        for secret in secrets_of(text, passwords):
            yield from ((VAULTED, piece) for piece in (secret, *secrets_within(secret)))
