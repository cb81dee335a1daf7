"""The secrets that no log of a run may show, with their labels."""

from audit.redaction import named_secrets
from automation import variables
from automation.models import Run
from inventory.models import Credential, Server


def known_secrets(run: Run, servers: list[Server]) -> list[tuple[str, str]]:
    """(label, decrypted value) for the launch, its servers, their credentials and vaults."""
    opened = variables.opened(run.extra_vars)
    given = [(name, opened[name]) for name in run.secret_names()]
    for credential in Credential.objects.used_for(servers, run.credential):
        name = f"credential “{credential}”"
        given += [(name, secret) for secret in credential.secrets()]
    for vault in run.playbook.vault_passwords.all():
        given.append((f"vault password “{vault.vault_id}”", vault.opened()))
    return [
        *given,
        *named_secrets(opened),
        *(pair for each in servers for pair in named_secrets(each.variables)),
    ]
