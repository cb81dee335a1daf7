"""The installation that is disturbed: database, folders, servers, playbooks, console, workers."""

import os
import secrets
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.models import QuerySet

from accounts.models import User
from automation import children
from automation.models import Playbook, Run
from inventory.models import Server
from tests import make
from tests.chaos import playbooks
from tests.chaos.clusters import Clusters
from tests.chaos.databases import Database
from tests.chaos.journal import Journal
from tests.private_servers import answers, free_port, wait_until

SERVERS = 5
CLUSTERS = 2
# Room for some dozens of runs, but quickly filled.
DISK = "size=16m"


@dataclass
class World:
    database: Database
    journal: Journal
    folder: Path
    logs: Path
    left_out: dict[str, str]
    actor: User
    token: str
    servers: list[Server]
    playbooks: dict[str, Playbook]
    clusters: Clusters = field(init=False)
    url: str = ""

    @property
    def temporary(self) -> str:
        return str(self.folder / "tmp")

    @property
    def marks(self) -> Path:
        return self.folder / "marks"

    def runs(self) -> QuerySet[Run]:
        """Runs of this harness only: the database may have others."""
        return Run.objects.filter(launched_by=self.actor)

    @property
    def run_root(self) -> Path:
        return Path(str(settings.RUN_ROOT))


@contextmanager
def world(database: Database, logs: Path | None, *, is_confined: bool) -> Iterator[World]:
    """Set up Django on the database; everything is removed in the end."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="infraops-chaos-")))
        left_out = dict(database.left_out)
        if not is_confined:
            left_out["disk_full"] = "a small disk can be mounted only in a namespace of its own"
        else:
            stack.enter_context(small_disk(Path(str(settings.RUN_ROOT))))
        (folder / "tmp").mkdir()
        # All child processes inherit it, which identifies them as ours.
        os.environ["TMPDIR"] = str(folder / "tmp")
        call_command("migrate", verbosity=0)
        logs = logs or folder / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        made = furnished(database, folder, logs, left_out)
        connection.close()
        made.clusters = Clusters(CLUSTERS, logs, made.journal)
        stack.callback(made.clusters.kill)
        made.clusters.start()
        made.url = stack.enter_context(console(logs / "console.log"))
        yield made


def furnished(database: Database, folder: Path, logs: Path, left_out: dict[str, str]) -> World:
    # Several harnesses may use the same database, one after the other.
    lot = secrets.token_hex(2)
    actor = make.user(username=f"chaos-{lot}", role="operator")
    _key, token = make.api_key(actor)
    servers = [make.localhost(hostname=f"host{lot}{number}") for number in range(SERVERS)]
    made = {
        name: make.playbook(
            plays,
            name=f"{name} {lot}",
            file_path=f"{name}.yml",
            is_exclusive=name == "alone",
            accepts_undeclared=True,
        )
        for name, plays in playbooks.written(str(folder / "marks")).items()
    }
    return World(database, Journal(), folder, logs, left_out, actor, token, servers, made)


@contextmanager
def console(log: Path) -> Iterator[str]:
    """The console as in production. Yields its URL once it answers."""
    port = free_port()
    bind = f"127.0.0.1:{port}"
    arguments = (f"--bind={bind}", "--workers=2", "--threads=4", "--log-level=warning")
    with log.open("ab") as output:
        child = children.start(
            *("-m", "gunicorn", *arguments, "infraops.wsgi"), stdout=output, stderr=output
        )
    try:
        wait_until(lambda: answers(port), seconds=60, what="the console")
        yield f"http://{bind}"
    finally:
        children.stop(child, within_seconds=10)


@contextmanager
def small_disk(path: Path) -> Iterator[None]:
    mount = ["mount", "-t", "tmpfs", "-o", f"{DISK},mode=700", "chaos", str(path)]
    subprocess.run(mount, check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)
