"""Limits mean exactly what Ansible means by them: compared on generated patterns."""

import subprocess

import pytest
from ansible.errors import AnsibleError
from ansible.inventory.manager import InventoryManager, split_host_pattern
from ansible.parsing.dataloader import DataLoader
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inventory.ansible.inventory_file import write_inventory
from inventory.choosing.limits import InventoryNames
from inventory.choosing.patterns import BadPattern, PatternNames, split_pattern, split_subscript
from inventory.choosing.regexes import matching_names
from inventory.models import Inventory, Server
from tests import make

# What patterns, addresses and ranges are made of.
PIECES = [
    *("web", "db", "a", "z9", "_", "-", "é", "10", "0", "255", "ffff", "fe80", "1", "22"),
    *(".", ":", "::", ",", "!", "&", "~", "*", "?", " ", "[", "]", "[0]", "[-1]", "[1:3]", "[2:]"),
    *("[a:c]", "[0:3:2]", "[a:f]", "@staging", "/", "\t"),
]


@settings(max_examples=600, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=7).map("".join))
@example("db[1:3]::")
@example("2001:db8::1")
@example("[2001:db8::1]:22")
@example("::ffff:192.0.2.1")
@example("web:22")
@example("web[0:2]:!db")
@example("[[a]:5")
@example("a[1:2")
@example("web[1:3].example:db")
def test_a_pattern_is_split_as_ansible_splits_it(pattern):
    assert split_pattern(pattern) == split_host_pattern(pattern)


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("web", ("web", None)),
        ("web[0]", ("web", (0, None))),
        ("web[-1]", ("web", (-1, None))),
        ("web[1:3]", ("web", (1, 3))),
        ("web[2:]", ("web", (2, -1))),
        ("web[0:0]", ("web", (0, None))),
        ("[::1]", ("[::1]", None)),
        ("~web[0]", ("~web[0]", None)),
    ],
)
def test_a_subscript_is_split_off(term, expected):
    assert split_subscript(term) == expected


GROUPS = {
    "web1": ["web"],
    "web2": ["web", "eu"],
    "WEB3": ["web"],
    "db1": ["db"],
    "lb.example.com": ["lb", "eu"],
    "2001:db8::1": ["db"],
    "alone": [],
    "web": [],
}
TERMS = [
    *("web", "web1", "db", "eu", "region", "all", "ungrouped", "lb", "lb.example.com", "none"),
    *("*", "we*", "web?", "*1", "al*", "ung*", "[w]eb*", "[!w]*", "production", "sta*", "empty"),
    *(
        "web[0]",
        "web[-1]",
        "web[1:]",
        "web[0:1]",
        "*[2]",
        "w*[1:3]",
        "region[0]",
        "db1[0]",
        "eu[9]",
    ),
    *("2001:db8::1", "~web.*", "~(db|lb)", "~.*1$"),
]


@pytest.fixture
def fleet(db):
    """Groups in groups, one that is called like a host, an empty one, and two environments."""
    make.separate_environments()
    servers = []
    for number, (name, groups) in enumerate(GROUPS.items()):
        environment = "production" if number % 2 else "staging"
        server = make.server(hostname=name, environment=environment, position=9 - number)
        servers.append(make.in_groups(server, *groups))
    default = Inventory.objects.default()
    eu, lb = (default.groups.get(name=name) for name in ("eu", "lb"))
    make.group("region", servers[3], children=[eu, lb])
    make.group("db1", servers[0])
    make.group("empty", inventory=default)
    make.server(hostname="web9", is_active=False)
    return servers


@pytest.mark.django_db
def test_the_servers_of_a_limit_are_those_of_ansible(fleet, tmp_path):
    script = write_inventory(tmp_path, list(Server.objects.active().order_by("pk")))
    ansible = InventoryManager(loader=DataLoader(), sources=[str(script)])
    ours, compared = InventoryNames(Inventory.objects.default()), set()

    @settings(max_examples=150, deadline=None)
    @given(
        st.lists(
            st.tuples(st.sampled_from(["", "", "!", "&"]), st.sampled_from(TERMS)),
            min_size=1,
            max_size=4,
        ),
        st.sampled_from([",", ":"]),
    )
    def compare(parts, separator):
        pattern = separator.join(sign + term for sign, term in parts)
        terms = split_pattern(pattern)
        ansible.subset(pattern)
        try:
            # The play's own pattern is “all”, as for every limit.
            theirs = {host.name for host in ansible.get_hosts("all")}
            theirs_in_order = [host.name for host in ansible._evaluate_patterns(terms)]
        except AnsibleError:
            with pytest.raises(BadPattern):
                ours.matching(terms)
            return
        found = ours.matching(terms)
        assert set(found) == theirs
        assert found == list(dict.fromkeys(theirs_in_order))
        compared.add(pattern)

    compare()
    assert len(compared) > 50


def test_an_expression_that_never_ends_is_stopped():
    with pytest.raises(BadPattern, match="takes too long"):
        matching_names(["(a+)+$"], ["a" * 60 + "!"])


def test_the_expressions_of_a_limit_share_a_process_and_its_deadline(monkeypatch):
    """One process for each would keep a page waiting for minutes."""
    started = []
    run = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda *a, **more: started.append(a) or run(*a, **more))
    names = PatternNames(["web1", "web2", "db1"], ["web"], lambda group: ["web1", "web2"])
    terms = [f"~x{number}" for number in range(100)]
    assert names.matching([*terms, "~we", "!~.*2"]) == ["web1"]
    assert len(started) == 1
    slow = PatternNames(["a" * 60 + "!"], [], lambda group: [])
    with pytest.raises(BadPattern, match="The 50 regular expressions take too long to match"):
        slow.matching([f"~(a+)+${number}" for number in range(50)])
    assert len(started) == 2


def test_an_expression_that_is_none_is_told():
    with pytest.raises(BadPattern, match="“~\\(” is not a valid regular expression: missing"):
        matching_names(["("], ["web1"])
