"""The same for inventories that nobody has thought of."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.models import Inventory, InventorySource, Server, ServerGroup

from .rendering import NAME, rendered, take_over
from .seeing import differences
from .shapes import write

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db]

HOSTS = ["a", "B", "web-1.example.com", "10.0.0.7", "ü", "c_3", "with space", "::1"]
GROUPS = ["g0", "G0", "g-1", "eu.west", "g4", "g5", "ö", "g7"]
NAMES = ["v", "w", "port", "ansible_host", "ansible_user", "db_password", "api_token", "x-y"]
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    TEXTS,
    st.sampled_from(["{{ v }}", "yes", "1.10", "0644", "2024-02-29", "=", "null"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=4,
)
VARIABLES = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3)
SOME_HOSTS = st.lists(st.sampled_from(HOSTS), max_size=4, unique=True)


@st.composite
def inventories(draw: Any) -> dict[str, str]:
    """{file: text}, the inventory first. Groups contain only groups behind them: no cycles."""
    groups = {}
    for number, name in enumerate(GROUPS):
        if draw(st.booleans()):
            children = draw(st.lists(st.sampled_from(GROUPS[number + 1 :] or [""]), max_size=3))
            groups[name] = {
                "hosts": {host: draw(VARIABLES) for host in draw(SOME_HOSTS)},
                "children": {child: {} for child in children if child},
                "vars": draw(VARIABLES) | draw(PRIORITIES),
            }
    own = {host: draw(VARIABLES) for host in [*draw(SOME_HOSTS), "always"]}
    everything = {"hosts": own, "vars": draw(VARIABLES), "children": groups}
    files = {"hosts.yml": json.dumps({"all": everything})}
    for kind, names in (("group_vars", [*GROUPS, "all"]), ("host_vars", HOSTS)):
        for name in draw(st.lists(st.sampled_from(names), max_size=2)):
            files[f"{kind}/{name}.json"] = json.dumps(draw(VARIABLES))
    return files


PRIORITIES = st.one_of(
    st.just({}), st.integers(-3, 3).map(lambda given: {"ansible_group_priority": given})
)


def forget() -> None:
    """What an earlier example has left."""
    ServerGroup.objects.filter(inventory__name=NAME).delete()
    Server.objects.filter(inventory__name=NAME).delete()
    InventorySource.objects.filter(inventory__name=NAME).delete()
    Inventory.objects.filter(name=NAME).delete()


@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(first=inventories(), second=inventories())
def test_a_generated_inventory_and_another_one_after_it(first, second, ansible, tmp_path_factory):
    folder = tmp_path_factory.mktemp("generated")
    forget()
    for number, files in enumerate((first, second)):
        path = write(folder / str(number), files)
        take_over(ansible.read(path))
        script, _limit = rendered(folder / f"run{number}")
        assert differences(ansible.see(path), ansible.see(script)) == {}
        assert take_over(ansible.read(path)) is False
