"""What plays see in a run is what they see in the team's own inventory, value by value."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests import make

from .rendering import lab, rendered, take_over
from .seeing import Ansible, differences
from .shapes import PASSWORD, SHAPES, Shape

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db]


@pytest.fixture(params=SHAPES)
def shape(request: pytest.FixtureRequest) -> Shape:
    return SHAPES[request.param]


@pytest.fixture
def compare(ansible: Ansible, tmp_path: Path) -> Any:
    """`compare(inventory)`, or with the group or host that a launch is on: what differs."""

    def compared(path: Path, limit: str = "", number: int = 0) -> dict[str, Any]:
        place = {"beside": str(tmp_path / "play"), "password": PASSWORD}
        bare = ansible.see(path, limit=limit, **place)
        names = bare["play"] if limit else None
        script, files = rendered(tmp_path / f"run{number}", names)
        ours = ansible.see(script, limit=files, **place)
        return differences(bare, ours, names)

    return compared


def parts_of(path: Path, ansible: Ansible) -> tuple[str, str]:
    """A group that a launch can be on, and a host; "" if it has none that a pattern can name."""
    listed = ansible.read(path)
    groups = [each.name for each in listed.groups if each.hosts and each.name != "ungrouped"]
    hosts = [each.name for each in listed.hosts]
    first, last = (
        next((name for name in names if re.fullmatch(r"\w[\w.-]*", name)), "")
        for names in (groups, hosts[::-1])
    )
    return first, last


def test_a_launch_on_everything_on_a_group_and_on_a_server(shape, ansible, compare, tmp_path):
    path = shape.lay_out(tmp_path)
    take_over(ansible.read(path))
    assert compare(path) == {}
    for number, part in enumerate(filter(None, parts_of(path, ansible)), 1):
        assert {part: compare(path, part, number)} == {part: {}}
    assert take_over(ansible.read(path)) is False


def test_after_a_change_and_another_import(shape, ansible, compare, tmp_path):
    path = shape.lay_out(tmp_path)
    take_over(ansible.read(path))
    later = shape.lay_out_later(tmp_path)
    take_over(ansible.read(later))
    assert compare(later) == {}
    assert take_over(ansible.read(later)) is False


def test_the_order_of_hosts_is_the_same_at_every_reading(shape, ansible, tmp_path):
    """Also where Ansible's own is not."""
    path = shape.lay_out(tmp_path)
    take_over(ansible.read(path))
    script, _limit = rendered(tmp_path / "run")
    seen = ansible.see(script, password=PASSWORD)
    servers = lab().servers.active().order_by("position", "pk")
    assert seen["play"] == [server.inventory_name for server in servers]


def test_servers_beside_the_imported_ones_change_nothing_for_them(ansible, tmp_path):
    shape = SHAPES["variables beside a file"]
    path = shape.lay_out(tmp_path)
    take_over(ansible.read(path))
    make.server(hostname="by-hand", inventory=lab(), position=2**31 - 1)
    script, _limit = rendered(tmp_path / "run")
    bare, ours = ansible.see(path), ansible.see(script)
    assert ours["hostvars"].pop("by-hand")
    ours["play"].remove("by-hand")
    for group in ("all", "ungrouped"):
        ours["groups"][group].remove("by-hand")
    assert differences(bare, ours) == {}
