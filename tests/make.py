"""One valid row per call: `make.server(environment="production")`. Anything not given is made up.

Rows are scenery: they appear without audit lines and without wake-ups on the queue. To get those,
call the verb: `make.launch(playbook, alice, [server])`.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import yaml
from auditlog.context import disable_auditlog
from django.conf import settings
from django.utils import timezone

from accounts.models import User
from audit.models import AuditLog, Seal
from audit.seals.sealing import make_seal
from automation import launching
from automation.content.playbook_files import hash_of
from automation.launching import Choice, Intention, Launch
from automation.models import (
    HostResult,
    Job,
    JobLog,
    Playbook,
    Run,
    RunLog,
    TaskResult,
    VaultPassword,
)
from inventory.models import (
    Credential,
    Inventory,
    InventorySource,
    Server,
    ServerFacts,
    ServerGroup,
    ServerGroupMember,
    SmartGroup,
    VariableOverride,
)
from tests.made_artifacts import artifact as artifact
from tests.make_accounts import (  # noqa: F401  (made here like all others)
    PASSWORD,
    api_key,
    failed_attempts,
    saved_view,
    session,
    user,
)
from tests.make_accounts import saved as _saved
from tickets.models import Ticket, TicketComment, TicketOccurrence

# The interpreter that runs the suite; the one in PATH may be anything.
PYTHON = "{{ ansible_playbook_python }}"

# SQLite and MySQL may reuse keys after a flush, so names need their own counter.
_number = count(1)

HELLO = [
    {
        "name": "Say hello",
        "hosts": "all",
        "gather_facts": False,
        "tasks": [{"name": "Hello", "ansible.builtin.debug": {"msg": "hello"}}],
    }
]

# The same for a host that must be reachable before the first task.
HELLO_FACTS = [{**HELLO[0], "gather_facts": True}]


# A well-formed key that belongs to nobody, for servers that passwords are sent to.
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaMDEyMzQ1"


def inventory(**fields: Any) -> Inventory:
    """An inventory beside the default one, which shows every run all its servers."""
    fields.setdefault("name", f"inventory{next(_number)}")
    return _saved(Inventory(**fields))


def source(content: str = "web1\n", **fields: Any) -> InventorySource:
    """A source in the default inventory, with its file below PLAYBOOK_ROOT. Never synced."""
    number = next(_number)
    fields.setdefault("name", f"source{number}")
    if fields.get("kind") != "upload":
        path = playbook_file(fields.setdefault("path", f"inventories/{number}.ini"), content)
        path.chmod(0o755 if content.startswith("#!") else 0o644)
    else:
        fields |= {"content": content, "format": fields.get("format", "ini")}
    return _saved(InventorySource(**fields))


def override(row: Server | ServerGroup | None = None, **fields: Any) -> VariableOverride:
    """An override of `port` of this server or group, which has its value already."""
    row = row or server()
    name = fields.setdefault("name", "port")
    fields.setdefault("value", {name: 8080})
    column = "server" if isinstance(row, Server) else "group"
    return _saved(VariableOverride(**{column: row}, **fields))


def separate_environments() -> None:
    """Let the default inventory do as that of an earlier release's database does."""
    Inventory.objects.update(separates_environments=True)


def group(name: str = "", *servers: Server, **fields: Any) -> ServerGroup:
    """A group with these servers, and `children`; in the default inventory, or the servers' own."""
    children = fields.pop("children", ())
    if servers or children:
        fields.setdefault("inventory", [*servers, *children][0].inventory)
    row = _saved(ServerGroup(name=name or f"group{next(_number)}", **fields))
    with disable_auditlog():
        row.set_members(list(servers), list(children))
    return row


def smart_group(name: str = "", **fields: Any) -> SmartGroup:
    """A smart group of the default inventory; `filter` by default has everything in staging."""
    fields.setdefault("filter", {"environment": "staging"})
    return _saved(SmartGroup(name=name or f"smart{next(_number)}", **fields))


def in_groups(server: Server, *names: str) -> Server:
    """The server, in the groups of these names, which are made if there are none."""
    for name in names:
        known = ServerGroup.objects.filter(inventory=server.inventory, name=name).first()
        row = known or group(name, inventory=server.inventory)
        ServerGroupMember.objects.create(group=row, server=server)
    return server


def server(**fields: Any) -> Server:
    """An active server with an address that nothing listens on (TEST-NET-1).

    With an inventory, `hostname` is its name there.
    """
    number = next(_number)
    name = fields.pop("hostname", f"web{number}.example.com")
    inventory = fields.setdefault("inventory", Inventory.objects.default())
    fields |= {"inventory_name": name, "hostname": inventory.full_name(name)}
    fields.setdefault("ip_address", f"192.0.2.{number % 254 + 1}")
    return _saved(Server(**fields))


def credential(**fields: Any) -> Credential:
    """An active credential that operators may use on `make.server`'s servers.

    Secrets are given in plain text: `ssh_password="hunter2"`.
    """
    fields.setdefault("name", f"Credential {next(_number)}")
    fields.setdefault("environments", ["development", "staging", "production"])
    fields.setdefault("roles", ["operator"])
    return _saved(Credential(**fields))


def localhost(**fields: Any) -> Server:
    """This machine, reached without SSH: plays really run here."""
    fields.setdefault("hostname", f"here{next(_number)}")
    fields.setdefault("ip_address", "127.0.0.1")
    local = {"ansible_connection": "local", "ansible_python_interpreter": PYTHON}
    fields.setdefault("variables", local)
    return server(**fields)


def ssh_server(sshd: Any, **fields: Any) -> Server:
    """The private sshd as a server, with its key in the key folder."""
    key = Path(settings.SSH_KEY_ROOT) / "id_test"
    if not key.exists():
        key.touch(mode=0o600)
        key.write_text(Path(sshd.key_file).read_text())
    fields.setdefault("hostname", f"ssh{next(_number)}")
    fields.setdefault("ip_address", "127.0.0.1")
    fields.setdefault("ssh_port", sshd.port)
    fields.setdefault("ssh_user", sshd.user)
    fields.setdefault("ssh_key_path", "id_test")
    fields.setdefault("variables", {"ansible_python_interpreter": PYTHON})
    return server(**fields)


def playbook_file(name: str, content: str | list[dict[str, Any]]) -> Path:
    """A file below PLAYBOOK_ROOT, from text or from plays."""
    path = Path(settings.PLAYBOOK_ROOT) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False)
    path.write_text(text)
    return path


def plays_with(*tasks: str) -> list[dict[str, Any]]:
    """A playbook with tasks of these names."""
    return [{**HELLO[0], "tasks": [{"name": name, "debug": {"msg": "."}} for name in tasks]}]


def playbook(content: str | list[dict[str, Any]] | None = None, **fields: Any) -> Playbook:
    """A registered playbook with its file; by default it says hello."""
    number = next(_number)
    fields.setdefault("name", f"Playbook {number}")
    fields.setdefault("file_path", f"playbook{number}.yml")
    path = playbook_file(fields["file_path"], HELLO if content is None else content)
    fields.setdefault("file_hash", hash_of(path.read_bytes()))
    return _saved(Playbook(**fields))


def vault_password(password: str = "open sesame", **fields: Any) -> VaultPassword:
    """A vault password, of an inventory or a playbook; by default of a new playbook."""
    fields |= {} if "inventory" in fields else {"playbook": fields.get("playbook") or playbook()}
    return _saved(VaultPassword(password=password, **fields))


def run(**fields: Any) -> Run:
    """A waiting run without jobs; `make.job` makes both."""
    fields.setdefault("playbook", None)
    fields["playbook"] = fields["playbook"] or playbook()
    fields.setdefault("launched_by", None)
    fields["launched_by"] = fields["launched_by"] or user(role="operator")
    fields.setdefault("playbook_hash", fields["playbook"].file_hash)
    fields.setdefault("deadline_seconds", settings.RUN_DEADLINE_SECONDS)
    return _saved(Run(**fields))


def job(*, run: Run | None = None, **fields: Any) -> Job:
    """A job with its run; status, times and the run's state are consistent.

    `playbook` and `user` are the run's; `server` is a new one by default.
    """
    owner = {"playbook": fields.pop("playbook", None), "launched_by": fields.pop("user", None)}
    status = fields.get("status", Job.Status.PENDING)
    now = timezone.now()
    if status != Job.Status.PENDING:
        fields.setdefault("started_at", now)
    if status not in (Job.Status.PENDING, Job.Status.RUNNING):
        fields.setdefault("completed_at", now)
    if status == Job.Status.FAILED:
        fields.setdefault("failure_kind", Job.FailureKind.TASK_FAILED)
        fields.setdefault("failed_task", "Restart the service")
        fields.setdefault("error_message", "The task “Restart the service” failed.")
    run = run or _run_of(status, **owner)
    fields.setdefault("server", None)
    fields["server"] = fields["server"] or server()
    return _saved(Job(run=run, playbook=run.playbook, user=run.launched_by, **fields))


def _run_of(status: str, **owner: Any) -> Run:
    now = timezone.now()
    if status == Job.Status.PENDING:
        return run(**owner)
    held = {"claim_token": f"token-{next(_number)}", "worker_host": "worker1", "worker_pid": 1}
    if status == Job.Status.RUNNING:
        return run(**owner, **held, state=Run.State.RUNNING, started_at=now, heartbeat_at=now)
    ended = {"state": Run.State.FINISHED, "started_at": now, "finished_at": now, "outcome": status}
    return run(**owner, **held, **ended)


def launch(
    playbook: Playbook, actor: User, servers: Sequence[Server] | Choice, **given: Any
) -> Run:
    """Really launch; accepts all other fields of a Launch."""
    return launching.launch(actor, Launch(playbook=playbook, servers=servers, **given)).run


def relaunch(run: Run, actor: User, *, only: str | None = None, **changes: Any) -> Run:
    """Really relaunch; accepts the fields of a Launch that should differ."""
    taken = {name: changes.pop(name) for name in ("servers", "extra_vars") if name in changes}
    launch = launching.launch_from(run, only=only, **taken)
    return launching.launch(actor, replace(launch, **changes)).run


def rehearse(
    playbook: Playbook, actor: User, servers: Sequence[Server] | Choice, **given: Any
) -> Intention:
    """Rehearse what `launch` would do."""
    return launching.rehearse(actor, Launch(playbook=playbook, servers=servers, **given))


def log_lines(job: Job, *texts: str, **fields: Any) -> list[JobLog]:
    """Add the texts as the job's next lines."""
    first = job.last_line_number + 1
    return [
        JobLog.objects.create(job=job, line_number=number, content=text, **fields)
        for number, text in enumerate(texts, first)
    ]


def run_log(run_row: Run, *texts: str) -> RunLog:
    """Add the texts as the next lines of the run's combined output."""
    first = run_row.printed.last_number() + 1
    return RunLog.objects.create(run=run_row, first_line=first, content="\n".join(texts))


RESULT = {
    "play": "Every server",
    "action": "ansible.builtin.command",
    "duration": 1.25,
    "path": "site.yml:5",
}


def task_results(job: Job, *statuses: str, **fields: Any) -> list[TaskResult]:
    """Add a result to the job for each status: "ok", "failed" …"""
    first = job.task_results.count() + 1
    made = {**RESULT, "started_at": timezone.now(), **fields}
    return [
        TaskResult.objects.create(
            **{"task": f"Task {number}", **made, "job": job, "number": number, "status": status}
        )
        for number, status in enumerate(statuses, first)
    ]


def host_results(
    run_row: Run, *statuses: str, host: str = "localhost", **fields: Any
) -> list[HostResult]:
    """Add a result on a host without a job to the run for each status."""
    first = run_row.host_results.count() + 1
    made = {**RESULT, "started_at": timezone.now(), "host": host, "run": run_row, **fields}
    return [
        HostResult.objects.create(
            **{"task": f"Task {number}", **made, "number": number, "status": status}
        )
        for number, status in enumerate(statuses, first)
    ]


def server_facts(server_row: Server | None = None, **facts: Any) -> ServerFacts:
    """Facts that a run has gathered on the server."""
    facts = facts or {"ansible_distribution": "Debian", "ansible_processor_vcpus": 2}
    return _saved(
        ServerFacts(server=server_row or server(), facts=facts, gathered_at=timezone.now())
    )


def ticket(**fields: Any) -> Ticket:
    """A ticket opened by hand."""
    number = next(_number)
    fields.setdefault("title", f"Disk is full ({number})")
    fields.setdefault("description", "/var is at 98 %.")
    fields.setdefault("created_by", None)
    fields["created_by"] = fields["created_by"] or user(role="operator")
    if fields.get("status") in (Ticket.Status.RESOLVED, Ticket.Status.CLOSED):
        fields.setdefault("resolved_at", timezone.now())
    return _saved(Ticket(**fields))


def comment(ticket: Ticket, created_by: User | None = None, text: str = "Seen") -> TicketComment:
    author = created_by or user(role="operator")
    return _saved(TicketComment(ticket=ticket, created_by=author, text=text))


def occurrence(ticket: Ticket, job_row: Job | None = None, **fields: Any) -> TicketOccurrence:
    """A failed job on the ticket."""
    failed = job_row or job(status=Job.Status.FAILED)
    return _saved(TicketOccurrence(ticket=ticket, job=failed, **fields))


def audit_line(action: str = "server.updated", resource: Any = None, **details: Any) -> AuditLog:
    """An audit line; the keyword `actor` sets who acted."""
    return AuditLog.objects.record(action, resource, **details)


def seal() -> Seal:
    """A seal over a new audit line, and all before it that are not sealed yet."""
    line = audit_line()
    return _saved(make_seal(Seal.objects.newest(), line.pk))
