"""Which plays will not run on the chosen servers, predicted before the launch."""

from random import Random

import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader

from automation.content import play_hosts
from automation.content.play_hosts import Names, forecast, read_plays, terms_of
from automation.launching import Choice
from automation.models import Worker
from inventory.ansible.inventory_file import write_inventory
from inventory.models import Server, ServerGroup
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def worker(db):
    Worker.objects.beat()


@pytest.fixture
def fleet(db):
    """{name: server}; web1, web2 and db1 are chosen in these tests, lb1 is not."""
    make.separate_environments()  # each is a group
    rows = {"web1": "web", "web2": "web", "db1": "db", "lb1": "lb"}
    return {name: make.in_groups(make.server(hostname=name), group) for name, group in rows.items()}


def foreseen(fleet, text, *names, playbook=None):
    """The sentences about a playbook launched on these servers, and the skipped hosts."""
    playbook = playbook or make.playbook(text)
    chosen = [fleet[name] for name in names or ("web1", "web2", "db1")]
    others = [server for server in fleet.values() if server not in chosen]
    found = forecast(playbook.file_path, chosen, others)
    return [idle.words for idle in found.idle], found.skipped


def plays(*hosts):
    return "".join(f"- name: For {each}\n  hosts: {each!r}\n  tasks: []\n" for each in hosts)


@pytest.mark.parametrize(
    ("hosts", "skipped"),
    [
        ("all", []),
        ("*", []),
        ("web1", ["web2", "db1"]),
        ("web", ["db1"]),
        ("web:db", []),
        ("web,db", []),
        ("web db", []),
        ("all:!db", ["db1"]),
        ("!db", ["db1"]),
        ("!db:all", ["db1"]),
        ("all,&web,!web2", ["web2", "db1"]),
        ("we*", ["db1"]),
        ("web?", ["db1"]),
        ("*1", ["web2"]),
        ("development", []),
        ("Web", None),
        ("lb", None),
    ],
)
def test_a_pattern_takes_in_what_ansible_would(fleet, hosts, skipped):
    words, left_out = foreseen(fleet, plays(hosts))
    if skipped is None:
        assert len(words) == 1 and left_out == ["web1", "web2", "db1"]
    else:
        assert (words, left_out) == ([], skipped)


@pytest.mark.parametrize(
    "hosts", ["{{ target }}", "~web.*", "web[0]", "web[0:1]", "web:22", 7, None, [], "", "!"]
)
def test_what_cannot_be_known_is_not_told(fleet, hosts):
    assert terms_of(hosts) is None
    text = [{"name": "First", "hosts": hosts, "tasks": []}]
    assert foreseen(fleet, text, "db1") == ([], [])
    # Then it does not predict who will be skipped either; a play that matches nobody is still
    # reported.
    words, skipped = foreseen(fleet, [*text, {"name": "Second", "hosts": "lb"}], "db1")
    assert words == ["Play “Second” (hosts: lb) will not run: no chosen server matches."]
    assert skipped == []


def test_ansible_itself_takes_in_the_same(tmp_path):
    groups = {
        "web1": ["web"],
        "web2": ["web", "eu"],
        "db1": ["db"],
        "lb.example.com": ["lb", "eu"],
        "2001:db8::1": ["db"],
        "web": [],
    }
    servers = [make.in_groups(make.server(hostname=name), *own) for name, own in groups.items()]
    # Groups in groups, and one that is called like a host.
    make.group("region", children=[ServerGroup.objects.get(name="eu")])
    make.group("db1", servers[0])
    make.separate_environments()
    servers = list(Server.objects.order_by("pk"))
    script = write_inventory(tmp_path, servers)
    ansible = InventoryManager(loader=DataLoader(), sources=[str(script)])
    ours, random, compared = Names(servers), Random(7), 0
    words = "web web1 db region eu all * we* web? *1 ungrouped dev* lb lb.* none 2001:db8::1 al*"
    words = words.split()
    for _ in range(1000):
        parts = [random.choice(("", "", "!", "&")) + random.choice(words) for _ in range(3)]
        pattern = random.choice((",", ":", ", ", " ")).join(parts[: random.randint(1, 3)])
        if terms := terms_of(pattern):
            compared += 1
            assert ours.matching(terms) == {host.name for host in ansible.get_hosts(pattern)}
    assert compared > 500


def test_addresses_are_no_lists():
    assert terms_of("2001:db8::1") == ("2001:db8::1",)
    assert terms_of(["web1", "db:!db2"]) == ("web1", "db", "!db2")
    assert terms_of("192.0.2.7, web") == ("192.0.2.7", "web")


def test_why_a_play_will_not_run(fleet):
    text = (
        "- name: Build on the controller\n  hosts: localhost\n"
        "- hosts: lb\n"
        "- name: 'Deploy {{ app }}'\n  hosts: fresh\n"
        "- name: Web\n  hosts: web\n"
        "- name: Two\n  hosts: [old, older]\n"
    )
    playbook = make.playbook(text, file_path="site.yml")
    assert foreseen(fleet, "", "web1", playbook=playbook)[0] == [
        "Play “Build on the controller” (hosts: localhost) will not run: "
        "the launch is limited to the chosen servers, without localhost.",
        "The play at site.yml:3 (hosts: lb) will not run: no chosen server matches.",
        "The play at site.yml:4 (hosts: fresh) will not run: “fresh” matches no server in the "
        "inventory.",
        "Play “Two” (hosts: old,older) will not run: “old” and “older” match no server in the "
        "inventory.",
    ]


def test_on_a_whole_inventory_added_hosts_take_part(fleet):
    text = "- hosts: web\n  tasks: [{add_host: {name: a}}]\n- name: Configure\n  hosts: fresh\n"
    playbook = make.playbook(text)
    found = forecast(playbook.file_path, fleet.values(), [], localhost=True, is_unlimited=True)
    assert [idle.words for idle in found.idle] == [
        "Play “Configure” (hosts: fresh) may not run: “fresh” matches no server in the inventory "
        "unless an earlier task adds some."
    ]


def test_localhost_runs_where_the_launch_takes_it_in(fleet):
    playbook = make.playbook(plays("localhost", "web"))
    found = forecast(playbook.file_path, [fleet["web1"]], [], localhost=True)
    assert (found.idle, found.skipped) == ([], [])
    assert [play.name for play in found.local] == ["For localhost"]


def test_a_server_that_is_named_localhost_is_one(fleet):
    fleet["localhost"] = make.server(hostname="localhost")
    assert foreseen(fleet, plays("localhost"), "localhost") == ([], [])


@pytest.mark.parametrize(
    ("first", "is_sure"),
    [
        ("tasks: [{add_host: {name: a, groups: fresh}}]", False),
        ("tasks: [{block: [{ansible.builtin.group_by: {key: fresh}}]}]", False),
        ("roles: [maker]", False),
        ("tasks: [{debug: {msg: group_by}}]", True),
    ],
)
def test_groups_may_be_made_by_an_earlier_task(fleet, first, is_sure):
    text = f"- hosts: web\n  {first}\n- name: Configure\n  hosts: fresh\n"
    words, skipped = foreseen(fleet, text)
    verb, end = ("will", "") if is_sure else ("may", play_hosts.OUTSIDE)
    reason = f"“fresh” matches no server in the inventory{end}"
    assert words == [f"Play “Configure” (hosts: fresh) {verb} not run: {reason}."]
    assert skipped == (["db1"] if is_sure else [])
    # A play that does not run creates no groups.
    assert "will not run" in foreseen(fleet, text, "db1")[0][-1]


def test_imported_playbooks_are_followed_within_the_root(fleet):
    make.playbook_file("parts/db.yml", "- import_playbook: ../more.yml\n")
    make.playbook_file("more.yml", plays("db"))
    text = "- ansible.builtin.import_playbook: parts/db.yml\n" + plays("lb")
    playbook = make.playbook(text, file_path="site.yml")
    assert [play.place for play in read_plays("site.yml")[0]] == ["more.yml:1", "site.yml:2"]
    assert foreseen(fleet, "", playbook=playbook) == (
        ["Play “For lb” (hosts: lb) will not run: no chosen server matches."],
        ["web1", "web2"],
    )


@pytest.mark.parametrize("name", ["gone.yml", "../../etc/passwd", "{{ x }}.yml", "a.b.c", "me.yml"])
def test_what_cannot_be_imported_leaves_it_open(fleet, name):
    playbook = make.playbook(f"- import_playbook: '{name}'\n{plays('lb')}", file_path="me.yml")
    words, skipped = foreseen(fleet, "", playbook=playbook)
    assert words and not skipped


@pytest.mark.parametrize(
    "text",
    ["", "a: 1", "- 1", "- [", "- &a {hosts: web, vars: {x: *a}}", "- hosts: !vault x", "\x00"],
)
def test_odd_files_say_nothing(fleet, text):
    assert foreseen(fleet, text, "web1") == ([], [])


def test_a_long_file_is_not_looked_through(fleet, monkeypatch):
    monkeypatch.setattr(play_hosts, "MOST_EXAMINED_BYTES", 10)
    assert foreseen(fleet, plays("lb")) == ([], [])


# --- In the preview -------------------------------------------------------------------------------


def test_the_plan_says_who_will_be_skipped(alice, fleet):
    words = make.rehearse(make.playbook(plays("web", "lb")), alice, [*fleet.values()][:3]).words
    assert words[1:3] == [
        "Play “For lb” (hosts: lb) will not run: no chosen server matches.",
        "No play targets db1: it will be skipped.",
    ]
    words = make.rehearse(make.playbook(plays("web1")), alice, [*fleet.values()][:3]).words
    assert words[1] == "No play targets web2 and db1: they will be skipped."


def test_the_plan_says_that_nothing_would_run(alice, fleet):
    intention = make.rehearse(make.playbook(plays("localhost")), alice, [fleet["web1"]])
    assert (
        intention.left_out[-1]
        == "No play targets any of the chosen servers, so the run would fail."
    )


def test_the_plan_says_what_runs_on_the_worker(alice, fleet):
    playbook = make.playbook(plays("localhost", "web"), runs_localhost=True)
    intention = make.rehearse(playbook, alice, [fleet["web1"]])
    said = "Play “For localhost” (hosts: localhost) runs on the worker itself."
    assert intention.left_out == [said]
    assert "--limit web1,localhost " in intention.command
    playbook.runs_localhost = False
    assert make.rehearse(playbook, alice, [fleet["web1"]]).digest != intention.digest


def test_the_plan_of_a_whole_inventory_says_that_it_has_no_limit(alice, fleet):
    choice = Choice(inventory="default")
    intention = make.rehearse(make.playbook(plays("all")), alice, choice)
    assert intention.words[1] == (
        "This is the whole inventory “default”, so there is no --limit: plays for localhost and "
        "for hosts that tasks add run, too."
    )
    assert "--limit" not in intention.command
    part = make.rehearse(make.playbook(plays("all")), alice, list(fleet.values()))
    assert "--limit" in part.command


def test_the_plan_names_a_few_of_many(alice, fleet):
    many = [f"none{number}" for number in range(9)]
    intention = make.rehearse(make.playbook(plays("web", *many)), alice, [fleet["web1"]])
    assert len(intention.left_out) == 6
    assert intention.left_out[-1] == "4 more plays match none of the chosen servers."
    assert (
        len(make.rehearse(make.playbook(plays("web", *many[:6])), alice, [fleet["web1"]]).left_out)
        == 6
    )


def test_other_servers_are_asked_for_only_where_needed(alice, fleet, django_assert_num_queries):
    chosen = list(Server.objects.filter(hostname__startswith="web"))
    # Who is in the groups is known: the digest of the plan covers it.
    for hosts, queries in (("web", 0), ("lb", 1), ("localhost", 0)):
        intention = make.rehearse(make.playbook(plays(hosts)), alice, chosen)
        with django_assert_num_queries(queries):
            assert intention.left_out or hosts == "web"
