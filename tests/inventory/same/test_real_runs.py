"""The same with real runs: what each host of a play really has, beside bare ansible-playbook."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from inventory.ansible.reading import read
from tests import make
from tests.automation.running import run_here

from .rendering import lab, rendered, take_over
from .seeing import Seen, bare_environment, differences
from .shapes import SHAPES, write

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db(transaction=True)]

PLAY = [
    {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [{"debug": {"msg": "{{ lookup('seen', out) }}"}}],
    }
]
# Writes what a host has into a file: untemplated, as templates may need what is not here.
LOOKUP = """
import json
from pathlib import Path
from ansible._internal._json._profiles import _legacy
from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        hostvars = variables["hostvars"]
        seen = {
            "hostvars": {name: dict(hostvars.raw_get(name)) for name in hostvars},
            "groups": variables["groups"],
            "play": variables["ansible_play_hosts_all"],
            "group_names": variables["group_names"],
        }
        path = Path(str(terms[0])) / variables["inventory_hostname"]
        path.write_text(json.dumps(seen, cls=_legacy.Encoder))
        return ["seen"]
"""
BESIDE = {
    "play.yml": json.dumps(PLAY),
    "lookup_plugins/seen.py": LOOKUP,
    "group_vars/etcd.yml": "etcd_token: beside the playbook\nmine: 1\n",
    "host_vars/n2.yml": "ip: beside the playbook\n",
}
# Differ in each place, or come from the run itself.
OF_A_RUN = {
    *("inventory_file", "inventory_dir", "playbook_dir", "omit", "groups", "hostvars", "vars"),
    *("out", "ansible_play_name", "ansible_config_file", "ansible_inventory_sources"),
    *("ansible_limit", "ansible_forks", "ansible_run_tags", "ansible_skip_tags"),
}


@pytest.fixture
def cluster(tmp_path: Path) -> Path:
    """An inventory that was imported, with a playbook beside its variables."""
    path = write(tmp_path / "cluster", SHAPES["a cluster of several files"].files)
    write(Path(settings.PLAYBOOK_ROOT) / "site", BESIDE)
    take_over(read(path))
    return path


def seen_in(folder: Path) -> tuple[Seen, dict[str, Any]]:
    """(what all hosts see alike, {host: its groups})."""
    told = {file.name: json.loads(file.read_text()) for file in folder.iterdir()}
    groups = {name: each.pop("group_names") for name, each in told.items()}
    first = next(iter(told.values()))
    for variables in first["hostvars"].values():
        for name in OF_A_RUN & variables.keys():
            del variables[name]
    first["ordered"] = list(first["groups"])
    shutil.rmtree(folder)
    return first, groups


def bare(path: Path, out: Path, limit: str = "") -> tuple[Seen, dict[str, Any]]:
    out.mkdir()
    program = Path(sys.executable).with_name("ansible-playbook")
    limited = ["--limit", limit] if limit else []
    subprocess.run(
        [program, "-i", path, "play.yml", "-e", f"out={out}", *limited],
        cwd=Path(settings.PLAYBOOK_ROOT) / "site",
        env=bare_environment(out.parent),
        check=True,
        capture_output=True,
    )
    return seen_in(out)


def launched(out: Path, names: list[str]) -> tuple[Seen, dict[str, Any]]:
    out.mkdir()
    source = (Path(settings.PLAYBOOK_ROOT) / "site" / "play.yml").read_text()
    playbook = make.playbook(source, file_path="site/play.yml", accepts_undeclared=True)
    servers = lab().servers.filter(inventory_name__in=names).order_by("position")
    jobs = run_here(playbook, *servers, extra_vars={"out": str(out)})
    assert {job.status for job in jobs} == {"success"}, jobs[0].error_message
    return seen_in(out)


@pytest.mark.parametrize(
    ("limit", "names"),
    [("", ["n1", "n2", "n3", "n4", "n5"]), ("etcd", ["n1", "n2"]), ("n4", ["n4"])],
)
def test_a_real_run_sees_what_bare_ansible_sees(cluster, tmp_path, limit, names):
    expected, groups = bare(cluster, tmp_path / "bare", limit)
    found, groups_of_a_run = launched(tmp_path / "launched", names)
    assert differences(expected, found, names) == {}
    assert groups_of_a_run == groups
    assert [*groups] and sorted(groups) == names


def test_ansible_inventory_itself_lists_the_same(cluster, tmp_path):
    script, _limit = rendered(tmp_path / "run")
    program = Path(sys.executable).with_name("ansible-inventory")
    before, after = (
        json.loads(
            subprocess.run(
                [program, "-i", path, "--list", "--playbook-dir", tmp_path],
                env=bare_environment(tmp_path),
                check=True,
                capture_output=True,
            ).stdout
        )
        for path in (cluster, script)
    )
    assert after["_meta"]["hostvars"] == before["_meta"]["hostvars"]
    ours, bare_groups = (
        {name: told for name, told in each.items() if name not in ("_meta", "all")}
        for each in (after, before)
    )
    assert ours == bare_groups
