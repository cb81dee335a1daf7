"""Ask a server for its SSH host keys, as ssh-keyscan does.

The answer is not trusted: a person has to compare the fingerprints with those on the server.
"""

import shutil
import socket
import subprocess

from schema.exceptions import Refused

from .validators import is_host_key

ANSWER_SECONDS = 5
# ssh-keyscan asks for each kind of key separately, which together may take longer.
ALL_SECONDS = 15
# In ssh's order of preference.
KINDS = ("ssh-ed25519", "ecdsa-sha2-nistp256")


def scan_host_keys(address: str, port: int) -> list[str]:
    """Public host keys, “ssh-ed25519 AAAA…”, one per kind.

    Raises Refused, with the reason in words, if nothing answers or the answer is not from an SSH
    server.
    """
    program = shutil.which("ssh-keyscan")
    if program is None:
        raise Refused("ssh-keyscan is not installed on the console's machine (openssh-client).")
    where = f"{address} port {port}"
    _refuse_unless_ssh(address, port, where)
    command = [program, "-T", str(ANSWER_SECONDS), "-p", str(port), "--", address]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=ALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise Refused(f"{where} did not give its keys within {ALL_SECONDS} seconds.") from None
    lines = (line.strip() for line in done.stdout.splitlines() if not line.startswith("#"))
    keys = [key for _host, _space, key in (line.partition(" ") for line in lines) if key]
    if not (valid := [key for key in dict.fromkeys(keys) if is_host_key(key)]):
        raise Refused(f"{where} is an SSH server, but gave none of its host keys.")
    return sorted(valid, key=_rank)


def _refuse_unless_ssh(address: str, port: int, where: str) -> None:
    """Raise Refused with the reason; whatever goes wrong, ssh-keyscan itself prints nothing."""
    try:
        with socket.create_connection((address, port), timeout=ANSWER_SECONDS) as connection:
            greeting = connection.recv(4)
    except socket.gaierror:
        raise Refused(
            f"The console's machine cannot resolve the name {address}. If the ssh configuration of "
            "the workers knows it, run a playbook there: that pins the key. Otherwise enter an IP "
            "address."
        ) from None
    except TimeoutError:
        raise Refused(f"No answer from {where} within {ANSWER_SECONDS} seconds.") from None
    except ConnectionRefusedError:
        raise Refused(f"{where} refuses connections: no SSH server listens there.") from None
    except OSError as error:
        raise Refused(f"{where} cannot be reached: {error.strerror or error}.") from None
    if greeting != b"SSH-":
        raise Refused(f"What answers at {where} is not an SSH server.")


def _rank(key: str) -> tuple[int, str]:
    kind = key.partition(" ")[0]
    return (KINDS.index(kind) if kind in KINDS else len(KINDS), key)
