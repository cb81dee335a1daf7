"""The secrets that no log of a run may show, with their labels."""

from collections.abc import Iterable

from audit.redaction import named_secrets, secrets_within
from automation.models import Run
from inventory.host_variables import secrets_in
from inventory.models import Credential, Server
from schema.sealing import open_sealed, sealed_paths, texts_in


def known_secrets(
    run: Run, servers: list[Server], neighbours: Iterable[Server] = ()
) -> list[tuple[str, str]]:
    """(label, decrypted text) for the launch, its servers, their credentials and vaults.

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
    for vault in run.playbook.vault_passwords.all():
        given.append((f"vault password “{vault.vault_id}”", vault.opened()))
    given += named_secrets(run.extra_vars)
    for server in servers:
        given += secrets_in(server)
    for neighbour in neighbours:
        given += secrets_in(neighbour, is_target=False)
    return list(dict.fromkeys(given))
