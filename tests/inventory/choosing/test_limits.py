"""Limits in one inventory and over several; names that nothing has."""

import pytest
from django.core.exceptions import ValidationError

from inventory.choosing import choose_servers
from inventory.models import Inventory
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def staging(db) -> Inventory:
    """web1 and web2 are in both inventories, db1 in the default one, db9 in staging."""
    staging = make.inventory(name="Staging")
    for inventory, names in ((None, "web1 web2 db1"), (staging, "web1 web2 db9")):
        given = {"inventory": inventory} if inventory else {}
        servers = [make.server(hostname=name, **given) for name in names.split()]
        make.group("web", *servers[:2])
        make.group("db", servers[2])
    make.server(hostname="web7", is_active=False)
    return staging


def chosen(limit, **more):
    return [server.hostname for server in choose_servers(limit=limit, **more)]


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ("web", ["web1", "web1@staging", "web2", "web2@staging"]),
        ("web1", ["web1", "web1@staging"]),
        ("web1@staging", ["web1@staging"]),
        ("web1@default", ["web1"]),
        ("web@STAGING:!web1@staging", ["web2@staging"]),
        ("web@staging[0]", ["web1@staging"]),
        ("web[1]@staging", ["web2@staging"]),
        ("we*@staging", ["web1@staging", "web2@staging"]),
        ("web1@default,web2@staging", ["web1", "web2@staging"]),
        ("all:&web@staging", ["web1@staging", "web2@staging"]),
        # Those count that have everything that is named.
        ("web:!db1", ["web1", "web2"]),
        ("web:db9", ["db9@staging", "web1@staging", "web2@staging"]),
        ("*9", ["db9@staging"]),
        ("~db[0-9]", ["db1", "db9@staging"]),
        ("!web", ["db1", "db9@staging"]),
        ("web:&db", []),
        ("*nothing*", []),
    ],
)
def test_a_limit_over_several_inventories(staging, limit, expected):
    assert chosen(limit) == expected


def test_other_criteria_narrow_it(staging):
    assert chosen("web", inventory="staging") == ["web1@staging", "web2@staging"]
    assert chosen("web", inventory="staging", search="web1") == ["web1@staging"]
    assert chosen("web1@default,web2@staging", inventory="staging") == ["web2@staging"]
    assert chosen("*", groups=["db@staging"]) == ["db9@staging"]


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ("wbe", "There is no server or group “wbe”. Did you mean “web”?"),
        ("web:!db7", "There is no server or group “db7”. Did you mean “db"),
        ("WEB1", "There is no server or group “WEB1”."),
        ("web7", "“web7” is not active."),
        ("db1:db9", "“db1” is in default, “db9” is in Staging. Launch once for each."),
        ("web1@nowhere", "There is no server or group “web1@nowhere”."),
        ("@retry.txt", "“@retry.txt” would be a file of names: enter the names themselves."),
        (" , ", "Enter a pattern, for example web:&staging:!db1."),
        ("web:!", "“!” and “&” need a name after them."),
        ("web1@default:web[5]@default", "“web[5]” is out of range: “web” has 2 servers."),
        ("~(", "“~(” is not a valid regular expression"),
        ("x" * 1001, "At most 1000 characters."),
    ],
)
def test_what_nothing_has_is_an_error(staging, limit, message):
    with pytest.raises(ValidationError) as refused:
        chosen(limit)
    assert list(refused.value.message_dict) == ["limit"]
    assert message in refused.value.message_dict["limit"][0]


def test_a_smart_group_is_no_name_in_a_pattern(staging):
    make.smart_group("canaries")
    with pytest.raises(ValidationError, match="“canaries” is a smart group: choose it as a group"):
        chosen("canaries")


def test_a_group_called_like_a_server_is_the_server_but_not_after_a_sign(db):
    one, two = make.server(hostname="db1"), make.server(hostname="db2")
    make.group("db1", two)
    assert chosen("db1") == ["db1"]
    assert chosen("all:&db1") == ["db2"]
    assert chosen("all:!db1") == ["db1"]
    assert (one.hostname, two.hostname) == ("db1", "db2")


def test_an_environment_is_a_group_where_they_are_separated(db):
    make.server(hostname="p1", environment="production")
    make.server(hostname="s1", environment="staging")
    with pytest.raises(ValidationError):
        chosen("production")
    make.separate_environments()
    assert chosen("production") == ["p1"]
    # A group of that name means its own hosts only.
    make.group("production", make.server(hostname="s2", environment="staging"))
    assert chosen("production") == ["s2"]


def test_the_number_of_statements_does_not_depend_on_groups(staging, django_assert_max_num_queries):
    with django_assert_max_num_queries(9):
        chosen("web:db", inventory="staging")
    for number in range(20):
        make.group(f"g{number}", *staging.servers.all())
    with django_assert_max_num_queries(9):
        chosen("web:db:g7", inventory="staging")
