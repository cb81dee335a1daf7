"""What an inventory of 10,000 servers in 200 nested groups costs, beside what it costs Ansible.

It is an INI file with variables of groups and hosts, and group_vars/ beside it. Measured against
bare commands on the same file, in alternating order: the import, and the start of a run on one of
its servers over one on a server in an inventory of ten. A job is timed from its claim until its end
is committed. Then pages with such an inventory.
"""

import argparse
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from urllib.parse import urlencode

import yaml
from django.conf import settings
from django.core.management import call_command
from django.urls import reverse

from accounts.models import User
from automation.execution.ansible_process import ansible_playbook
from automation.models import Job, Playbook
from automation.tasks import run_next
from bench import pages, scenery
from bench.table import Table
from inventory.models import (
    Inventory,
    InventorySource,
    Server,
    ServerGroup,
    ServerGroupMember,
)

LARGE, SMALL = "large", "small"
HOSTS = {LARGE: 10_000, SMALL: 10}
# Regions, sites in each, racks in each of these: 200 groups, three deep.
TREES = {LARGE: (8, 4, 5), SMALL: (1, 1, 1)}
TASK = {"name": "One task", "ansible.builtin.debug": {"msg": "started"}}
IMPORT_GOAL, AGAIN_GOAL, START_GOAL = 1.5, 1.0, 1.5


def measure(options: argparse.Namespace) -> Table:
    table = Table(
        "10,000 servers in 200 nested groups",
        ["what", "times", "bare", "here", "compared", "from, to", "goal", ""],
        note="Medians. An import is compared with `ansible-inventory --list`, the start of a run "
        "with that in an inventory of ten: what is added, here and bare.",
    )
    folder = Path(settings.PLAYBOOK_ROOT) / "inventories"
    paths = {size: lay_out(folder / size, size) for size in HOSTS}
    _add_import(table, paths[LARGE], options.pairs)
    _call("import_inventory", str(paths[SMALL]), inventory=SMALL)
    _add_start(table, paths, options.pairs)
    _add_pages(table, options.asked)
    return table


def lay_out(folder: Path, size: str) -> Path:
    """Write the inventory; returns its path."""
    lines, hosts = [], HOSTS[size]
    regions, sites, racks = TREES[size]
    names: dict[str, list[str]] = {}
    for region in range(regions):
        for site in range(sites):
            for rack in range(racks):
                names.setdefault(f"region{region}", []).append(f"site{region}_{site}")
                names.setdefault(f"site{region}_{site}", []).append(f"rack{region}_{site}_{rack}")
    leaves = [each for name, children in names.items() if name[0] == "s" for each in children]
    for number, leaf in enumerate(leaves):
        lines.append(f"[{leaf}]")
        lines += [_host(each) for each in range(number, hosts, len(leaves))]
        lines += [f"[{leaf}:vars]", f"rack={leaf}", "ntp_server=10.0.0.1"]
    for name, children in names.items():
        lines += [f"[{name}:children]", *dict.fromkeys(children), f"[{name}:vars]", f"at={name}"]
    (folder / "group_vars").mkdir(parents=True)
    for name in names:
        text = yaml.safe_dump({"zone": name, "dns": ["10.0.0.2", "10.0.0.3"], "limits": {"n": 5}})
        (folder / "group_vars" / f"{name}.yml").write_text(text)
    path = folder / "hosts"
    path.write_text("\n".join(lines) + "\n")
    return path


def _host(number: int) -> str:
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    return f"web{number}.example.com ansible_host={address} http_port=8080 cluster=c{number % 100}"


# --- The import -----------------------------------------------------------------------------------


def _add_import(table: Table, path: Path, pairs: int) -> None:
    bare, first, again = [], [], []
    for _ in range(pairs):
        bare.append(_timed(lambda: _bare("ansible-inventory", "-i", str(path), "--list")))
        _forget(LARGE)
        first.append(_timed(lambda: _call("import_inventory", str(path), inventory=LARGE)))
        again.append(_timed(lambda: _call("sync_inventory")))
    ratios = [here / there for there, here in zip(bare, first, strict=True)]
    _add(table, "import", bare, first, f"{median(ratios):.2f} times", ratios, IMPORT_GOAL)
    _add(table, "sync of an unchanged file", [], again, "", again, AGAIN_GOAL)


def _call(command: str, *arguments: str, **options: str) -> None:
    with Path(os.devnull).open("w") as nowhere:
        call_command(command, *arguments, **options, stdout=nowhere, stderr=nowhere)


def _forget(name: str) -> None:
    """Raw, as deleting 10,000 rows one by one with their audit lines takes minutes."""
    inventory = Inventory.objects.filter(name=name).first()
    if inventory is None:
        return
    for rows in (
        ServerGroupMember.objects.filter(group__inventory=inventory),
        ServerGroup.objects.filter(inventory=inventory),
        Server.objects.filter(inventory=inventory),
        InventorySource.objects.filter(inventory=inventory),
    ):
        rows._raw_delete(rows.db)


# --- The start of a run ---------------------------------------------------------------------------


def _add_start(table: Table, paths: dict[str, Path], pairs: int) -> None:
    playbook = scenery.playbook("inventories", [TASK])
    servers = {size: Inventory.objects.get(name=size).servers.first() for size in HOSTS}
    bare: list[float] = []
    here: list[float] = []
    for _ in range(pairs):
        there, own = {}, {}
        for size, server in servers.items():
            assert server is not None
            limit = ["--limit", server.inventory_name, str(playbook.path)]
            command = [str(ansible_playbook()), "-i", str(paths[size]), *limit]
            there[size] = _timed(lambda command=command: _bare(*command))
            own[size] = _timed(lambda server=server: _run(playbook, server))
        bare.append(there[LARGE] - there[SMALL])
        here.append(own[LARGE] - own[SMALL])
    _add(table, "start of a run on one of them", bare, here, "added", here, START_GOAL)


def _run(playbook: Playbook, server: Server) -> None:
    run = scenery.launch(playbook, [server])
    done = run_next()
    job = run.jobs.get()
    if done != f"run {run.pk}" or job.status != Job.Status.SUCCESS:
        raise RuntimeError(f"{done}; {job} is {job.status}: {job.error_message}")


# --- Pages ----------------------------------------------------------------------------------------


def _add_pages(table: Table, times: int) -> None:
    User.objects.create_user("bench_admin", "admin@example.com", role=User.Role.ADMIN)
    asked = pages.ask(list(_pages()), times)
    for name, _queries, _size, p50, p95, longest, goal, verdict in asked.rows:
        table.add(f"page: {name}", times, "", p50, "p95", f"{p95}, {longest}", goal, verdict)


def _pages() -> list[pages.Page]:
    inventory = Inventory.objects.get(name=LARGE)
    group = inventory.groups.get(name="region0")
    server = inventory.servers.first()
    assert server is not None
    servers, launch = reverse("admin:inventory_server_changelist"), reverse("automation:job_launch")
    return [
        pages.Page("group", group.get_absolute_url()),
        pages.Page("servers of the inventory", f"{servers}?inventory__id__exact={inventory.pk}"),
        pages.Page("servers of a group", f"{servers}?memberships__group__id__exact={group.pk}"),
        pages.Page("server", server.get_absolute_url()),
        pages.Page("launch form", f"{launch}?{urlencode({'server': server.pk})}"),
        pages.Page("API: servers", f"{reverse('api:server-list')}?inventory={inventory.pk}"),
    ]


# --- Measuring ------------------------------------------------------------------------------------


def _timed(work: Callable[[], None]) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started


def _bare(program: str, *arguments: str) -> None:
    found = ansible_playbook()
    assert found is not None
    kept = {name: os.environ[name] for name in ("PATH", "HOME")}
    command = [str(Path(found).with_name(Path(program).name)), *arguments]
    env = {**kept, "LC_ALL": "C.UTF-8"}
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True, env=env)


def _add(
    table: Table,
    what: str,
    bare: list[float],
    here: list[float],
    compared: str,
    judged: list[float],
    goal: float,
) -> None:
    verdict = "reached" if median(judged) <= goal else "missed"
    shown = [f"{median(seconds):.2f} s" if seconds else "" for seconds in (bare, here)]
    span = f"{min(judged):.2f}, {max(judged):.2f}"
    table.add(what, len(here), *shown, compared, span, f"≤ {goal}", verdict)
