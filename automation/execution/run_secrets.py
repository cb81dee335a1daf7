"""What no log of a run may show: the values, each with what people call it."""

from audit.redaction import named_secrets
from automation import variables
from automation.models import Run
from inventory.models import Credential, Server


def known_secrets(run: Run, servers: list[Server]) -> list[tuple[str, str]]:
    """(name, value in clear), of the launch, its servers, their credentials and vaults."""
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
