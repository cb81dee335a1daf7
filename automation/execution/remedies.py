"""What to do about failures whose messages say little: host keys, missing keys, vaults."""

# Unknown keys are accepted and pinned, so these mean that the key differs from the pinned one.
WRONG_HOST_KEY = (
    "Host key verification failed",
    # With a password, Ansible reports it before ssh does.
    "Using a SSH password instead of a key is not possible because Host Key checking is enabled",
)
HOST_KEY_ADVICE = (
    "presented a host key other than the pinned one, so nothing was done there. If the server "
    "was reinstalled, fetch its new host key on its page, compare the fingerprint and pin it. If "
    "not, someone may be intercepting the connection."
)
# Where a proxy has no connection, ssh has no address of the other side, and does not say why.
THROUGH_A_JUMP_HOST = "UNKNOWN port 65535"
JUMP_HOST_ADVICE = (
    "The connection to its jump host (ProxyJump, ProxyCommand) failed. The worker must be able to "
    "log in there, and know its host key: add the jump host to the inventory and pin its key, or "
    "add the key to known_hosts of the worker's user. "
)
# ssh says these when it could not log in, in an order of its own.
NO_KEY_FILE = "no such identity: "
BAD_KEY_FILE = 'Load key "'
# What Ansible says where it needs a vault password, and what to do.
VAULT = {
    "no vault secrets were found that could decrypt": "None of the vault passwords of the playbook "
    "and the inventory decrypts it. Enter the right one under “Vault passwords”.",
    "no vault secrets found": "Neither the playbook nor the inventory has a vault password. Add it "
    "under “Vault passwords”.",
}


def about_host_key(message: str) -> str:
    """What follows the host's name if ssh refused its host key; "" if it did not."""
    return HOST_KEY_ADVICE if any(sign in message for sign in WRONG_HOST_KEY) else ""


def about_connection(message: str) -> str:
    """A sentence about a jump host, or the private key that ssh could not read; usually ""."""
    if THROUGH_A_JUMP_HOST in message:
        return JUMP_HOST_ADVICE
    _before, found, after = message.partition(NO_KEY_FILE)
    if found:
        path = after.partition(": ")[0]
        return f"The worker has no SSH key file {path}. Put it there, or choose a credential. "
    _before, found, after = message.partition(BAD_KEY_FILE)
    path, quote, reason = after.partition('": ')
    if found and quote:
        reason = reason.splitlines()[0].strip() if reason.strip() else "it cannot be read"
        return f"The worker cannot use the SSH key file {path} ({reason}). "
    return ""


def about_vault(message: str) -> str:
    """What to do if a vault password is missing or wrong, after the message; "" if none is."""
    return next((f" {said}" for sign, said in VAULT.items() if sign in message), "")
