"""The sidebar and the command search: exactly what each role may see."""

import pytest
from django.core.cache import cache
from django.urls import reverse

from infraops import navigation
from tests import make

SEARCH = reverse("admin:search")


@pytest.fixture(autouse=True)
def nothing_remembered():
    """Unfold caches search results for five minutes."""
    cache.clear()


def entries(client):
    groups = client.get(reverse("home")).context["sidebar_navigation"]
    return [item["title"] for group in groups for item in group["items"]]


def test_each_role_sees_what_it_may_open(client_of, boss, alice, bob):
    viewer = ["Home", "Jobs", "Tickets", "Runs", "Log lines", "Task results"]
    viewer += ["Servers", "Playbooks", "API keys", "API", "Workers"]
    assert entries(client_of(bob)) == viewer
    assert set(entries(client_of(alice))) - set(viewer) == {"Run a playbook", "Credentials"}
    assert {"Users", "Audit trail", "Schedules", "Queue failures"} < set(entries(client_of(boss)))


@pytest.mark.parametrize("who", ["boss", "alice", "bob"])
def test_every_entry_opens(client_of, request, who):
    client = client_of(request.getfixturevalue(who))
    groups = client.get(reverse("home")).context["sidebar_navigation"]
    for item in (item for group in groups for item in group["items"]):
        assert client.get(item["link"]).status_code == 200, item["title"]


def test_the_header_of_every_page_runs_a_playbook_for_who_may(client_of, alice, bob):
    job = make.job(status="success")
    pages = (reverse("home"), job.get_absolute_url(), job.server.get_absolute_url())
    button = f'href="{reverse("automation:job_launch")}" title="Run a playbook"'
    for path in (*pages, reverse("admin:automation_job_changelist")):
        assert button in client_of(alice).get(path).content.decode(), path
        assert button not in client_of(bob).get(path).content.decode(), path


def test_where_one_is_is_marked(client_of, boss):
    job = make.job()
    for path, title in (
        (reverse("home"), "Home"),
        (job.get_absolute_url(), "Jobs"),
        (job.server.get_absolute_url(), "Servers"),
        (reverse("automation:job_launch"), "Run a playbook"),
    ):
        groups = client_of(boss).get(path).context["sidebar_navigation"]
        items = [item for group in groups for item in group["items"]]
        assert [item["title"] for item in items if item["active"]] == [title], path


def test_the_search_finds_rows_of_every_kind(client_of, boss):
    job = make.job(server=make.server(hostname="shop1.example.com"))
    make.playbook(name="Deploy the shop")
    make.ticket(title="The shop is slow")
    make.user(username="shopkeeper")
    client = client_of(boss)
    page = client.get(SEARCH, {"s": "shop", "extended": 1}).content.decode()
    for name in ("shop1.example.com", "Deploy the shop", "The shop is slow", "shopkeeper"):
        assert name in page
    page = client.get(SEARCH, {"s": str(job.job_id)[:8], "extended": 1}).content.decode()
    assert job.get_absolute_url() in page


def test_the_search_keeps_to_what_one_may_see(client_of, bob):
    make.user(username="shopkeeper"), make.server(hostname="shop1.example.com")
    page = client_of(bob).get(SEARCH, {"s": "shop", "extended": 1}).content.decode()
    assert "shop1.example.com" in page and "shopkeeper" not in page


def test_a_search_finds_a_few_of_each_kind_and_asks_once(client_of, boss, query_ceiling):
    for number in range(navigation.FOUND + 3):
        make.server(hostname=f"shop{number}.example.com")
    client = client_of(boss)
    with query_ceiling(7):
        page = client.get(SEARCH, {"s": "shop", "extended": 1}).content.decode()
    assert page.count(".example.com</") <= navigation.FOUND
