"""Pin host keys that a run saw for the first time."""

from pathlib import Path

from audit.models import AuditLog
from automation.models import Job
from inventory.ansible.inventory_file import ssh_name_of
from inventory.ansible.ssh_programs import alias_of
from inventory.models import Server


def learn_host_keys(known_hosts: Path, jobs: list[Job]) -> None:
    """Pin, and record, the keys of servers that had none: from now on they have to match.

    Raises ClaimLost if the run was ended elsewhere: a key that an admin has since forgotten must
    not return.
    """
    found: dict[str, list[str]] = {}
    for line in known_hosts.read_text().splitlines():
        name, _, key = line.strip().partition(" ")
        found.setdefault(name, []).append(key)
    for job in jobs:
        keys = found.get(alias_of(job.server)) or found.get(ssh_name_of(job.server))
        if keys and not job.server.host_key:
            with job.run.held():
                _pin(job.server, "\n".join(keys))


def _pin(server: Server, host_key: str) -> None:
    if Server.objects.filter(pk=server.pk, host_key="").update(host_key=host_key):
        server.host_key = host_key
        AuditLog.objects.record("server.host_key_learned", server, host_key=host_key)
