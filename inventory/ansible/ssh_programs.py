"""ssh, scp and sftp of a run: scripts that start OpenSSH's with options of ours before all others.

What ansible.cfg, inventory and plays say (ssh_args, ssh_common_args, ssh_extra_args) follows, and
of two conflicting options ssh uses the first. So everything of theirs counts, except against ours.
"""

import re
import shlex
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings

from inventory.models import Server

from .connection import address_of, is_ip_address
from .credential_variables import KNOWN_HOSTS, Logins, write_private

PROGRAMS = ("ssh", "scp", "sftp")
VARIABLES = tuple(f"ansible_{name}_executable" for name in PROGRAMS)
# Beside a run's inventory.
FOLDER = "ssh"
CONFIG = "config"
# What ssh itself reads if SSH_CONFIG names no other file.
OF_THE_USER, OF_THE_SYSTEM = "~/.ssh/config", "/etc/ssh/ssh_config"
NO_CONFIG = "none"
USERS_KNOWN_HOSTS = "~/.ssh/known_hosts ~/.ssh/known_hosts2"
# Pinned keys are checked; an unknown server's key is accepted once, and then pinned.
FOR_ALL = (
    *("HashKnownHosts=no", "StrictHostKeyChecking=accept-new"),
    *("NoHostAuthenticationForLocalhost=no", "VerifyHostKeyDNS=no"),
)
# Before a password is sent, the other side must show the host key pinned for this server, whatever
# address a play has redirected the connection to.
FOR_PINNED = (
    *("GlobalKnownHostsFile=/dev/null", "StrictHostKeyChecking=yes", "UpdateHostKeys=no"),
    *("NoHostAuthenticationForLocalhost=no", "VerifyHostKeyDNS=no", "KnownHostsCommand=none"),
)
# Otherwise ssh would offer the worker's own keys first and might log in without the password.
PASSWORD_ONLY = "PubkeyAuthentication=no"  # noqa: S105
SCRIPT = '#!/bin/sh\nexec {program} -F {config} {options} "$@"\n'
# What a configuration says that makes ssh know a server by another name.
RENAMING = re.compile(
    r"^[ \t]*+(?:HostName|HostKeyAlias|CanonicalizeHostname)\b", re.IGNORECASE | re.MULTILINE
)
# What a `Host` line takes as a name.
PLAIN_NAME = re.compile(r"\w[\w.:-]*")


def needs_own(server: Server, logins: Logins) -> bool:
    """True if its key is not to be looked up by its address.

    A password is sent to this server only, or a template in its address is only filled in a run.
    """
    return logins.pins(server) or address_unknown(server)


def address_unknown(server: Server) -> bool:
    """True if ssh connects to what a template says, which is only filled in a run."""
    return not address_of(server) and server.is_reached_by_ssh


def variables_of(server: Server, folder: Path) -> dict[str, str]:
    """The variables that let a server's connections use programs of its own."""
    paths = (str(_path(folder, name, server)) for name in PROGRAMS)
    return dict(zip(VARIABLES, paths, strict=True))


def settings_of(folder: Path) -> dict[str, str]:
    """The same for all other servers, as environment variables."""
    return {f"ANSIBLE_{name.upper()}_EXECUTABLE": str(_path(folder, name)) for name in PROGRAMS}


def write_programs(
    folder: Path, servers: Iterable[Server], targets: Iterable[Server], logins: Logins
) -> None:
    """Write the scripts and ssh's configuration into `folder` (mode 0700)."""
    (folder / FOLDER).mkdir(mode=0o700)
    write_private(folder / FOLDER / CONFIG, _config(folder, servers))
    known = f"UserKnownHostsFile={_known_hosts(folder)}"
    own = [server for server in targets if needs_own(server, logins)]
    for name in PROGRAMS:
        _write(folder, name, (known, *FOR_ALL))
        for server in own:
            options = (known, f"HostKeyAlias={alias_of(server)}", *_options_for(server, logins))
            _write(folder, name, options, server)


def _options_for(server: Server, logins: Logins) -> tuple[str, ...]:
    password_only = (PASSWORD_ONLY,) if logins.has_password_only(server) else ()
    return (*(FOR_PINNED if logins.pins(server) else FOR_ALL), *password_only)


def alias_of(server: Server) -> str:
    """A name for the server's host key that does not depend on its address."""
    return f"infraops-server-{server.pk}"


def renamed(servers: Iterable[Server]) -> dict[str, Server]:
    """{name that ssh is given: server} where its configuration may turn that into another.

    Its key is then known by its alias. Without addresses, and names that several servers share.
    """
    if not _renames():
        return {}
    named = [(address_of(server), server) for server in servers]
    counts = Counter(name for name, _server in named)
    return {
        name: server
        for name, server in named
        if counts[name] == 1 and PLAIN_NAME.fullmatch(name) and not is_ip_address(name)
    }


def _config(folder: Path, servers: Iterable[Server]) -> str:
    """The worker's own configuration, which connections to jump hosts need too.

    The keys of jump hosts that are servers themselves are ours, those of others the worker's.
    """
    known = _known_hosts(folder)
    blocks = [
        f"Host {name}\n    HostKeyAlias {alias_of(server)}\n    UserKnownHostsFile {known}\n"
        for name, server in renamed(servers).items()
    ]
    includes = [f"Include {_quoted(path)}\n" for path in _included()]
    last = f"Host *\n    UserKnownHostsFile {known} {USERS_KNOWN_HOSTS}\n"
    return "".join([*blocks, "Host *\n", *includes, last])


def _included() -> list[str]:
    if settings.SSH_CONFIG == NO_CONFIG:
        return []
    return [settings.SSH_CONFIG] if settings.SSH_CONFIG else [OF_THE_USER, OF_THE_SYSTEM]


def _renames() -> bool:
    """True if one of the configurations may; files that one of them includes are taken to."""
    system = sorted(Path(OF_THE_SYSTEM).parent.glob("ssh_config.d/*.conf"))
    for name in _included():
        paths = [Path(name).expanduser(), *(system if name == OF_THE_SYSTEM else [])]
        for path in paths:
            try:
                text = path.read_text(errors="replace")
            except OSError:
                continue
            if RENAMING.search(text) or (name != OF_THE_SYSTEM and "nclude" in text):
                return True
    return False


def _write(folder: Path, name: str, options: Iterable[str], server: Server | None = None) -> None:
    given = " ".join(f"-o {shlex.quote(option)}" for option in options)
    config = shlex.quote(str(folder / FOLDER / CONFIG))
    text = SCRIPT.format(program=name, config=config, options=given)
    write_private(_path(folder, name, server), text, 0o700)


def _path(folder: Path, name: str, server: Server | None = None) -> Path:
    own = f"{name}-{server.pk}" if server else name
    return (folder / FOLDER / own).absolute()


def _known_hosts(folder: Path) -> str:
    return _quoted(str((folder / KNOWN_HOSTS).absolute()))


def _quoted(path: str) -> str:
    """A path as ssh's options and configuration take it."""
    return f'"{path.replace("%", "%%")}"'
