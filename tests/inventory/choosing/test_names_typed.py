"""“web1@staging” and “web1@default” are taken wherever a server's name is typed."""

import pytest

from inventory.models import Inventory, Server, VariableOverride
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def staging(db) -> Inventory:
    row = make.inventory(name="Staging")
    make.server(hostname="web1")
    for name in ("web1", "api1"):
        make.server(hostname=name, inventory=row)
    return row


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("hostname=web1", ["web1"]),  # as before there were others
        ("hostname=web1@default", ["web1"]),
        ("hostname=WEB1@staging", ["web1@staging"]),
        ("hostname=api1", ["api1@staging"]),
        ("hostname=api1@default", []),
        ("hostname=web9", []),
        ("search=web1@DEFAULT", ["web1"]),
        ("search=web1@stag", ["web1@staging"]),
        ("search=api1@default", []),
        ("search=@default", []),
    ],
)
def test_the_api_finds_servers_by_either_form(staging, api_of, bob, query, expected):
    found = api_of(bob).get(f"/api/servers?{query}").json()["results"]
    assert sorted(each["hostname"] for each in found) == expected


@pytest.mark.parametrize("name", ["web1", "web1@default"])
def test_overrides_of_a_server(staging, api_of, boss, name):
    for server in Server.objects.filter(inventory_name="web1"):
        VariableOverride.objects.create(server=server, name="x", value={"x": 1})
    found = api_of(boss).get(f"/api/overrides?server={name}").json()["results"]
    assert len(found) == 1
