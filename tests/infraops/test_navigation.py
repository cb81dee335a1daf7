"""The sidebar and the command search: exactly what each role may see."""

import re

import pytest
from django.urls import reverse

from infraops import search
from tests import make

SEARCH = reverse("command_search")


def entries(client):
    groups = client.get(reverse("home")).context["sidebar_navigation"]
    return [item["title"] for group in groups for item in group["items"]]


def test_each_role_sees_what_it_may_open(client_of, boss, alice, bob):
    viewer = [
        "Home",
        "Jobs",
        "Tickets",
        "Runs",
        "Servers",
        "Inventories",
        "Groups",
        "Smart groups",
        "Sources",
        "Overrides",
        "Playbooks",
        "API keys",
        "API",
        "Workers",
    ]
    assert entries(client_of(bob)) == viewer
    assert set(entries(client_of(alice))) - set(viewer) == {"Run a playbook", "Credentials"}
    assert {"Users", "Audit trail", "Vault passwords"} < set(entries(client_of(boss)))


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
    page = client.get(SEARCH, {"s": "shop"}).content.decode()
    for name in ("shop1.example.com", "Deploy the shop", "The shop is slow", "shopkeeper"):
        assert name in page
    page = client.get(SEARCH, {"s": str(job.job_id)[:8]}).content.decode()
    assert job.get_absolute_url() in page


def test_the_search_keeps_to_what_one_may_see(client_of, bob):
    make.user(username="shopkeeper"), make.server(hostname="shop1.example.com")
    page = client_of(bob).get(SEARCH, {"s": "shop"}).content.decode()
    assert "shop1.example.com" in page and "shopkeeper" not in page


def test_a_search_finds_a_few_of_each_kind_and_asks_once(client_of, boss, query_ceiling):
    for number in range(search.FOUND + 3):
        make.server(hostname=f"shop{number}.example.com")
    client = client_of(boss)
    with query_ceiling(8):
        page = client.get(SEARCH, {"s": "shop"}).content.decode()
    assert page.count(".example.com</") <= search.FOUND


def found(client, text):
    """The results of the command search, as (label, URL)."""
    page = client.get(SEARCH, {"s": text}).context["results"]
    return [(each.title, each.link) for each in page]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("launch", "Run a playbook"),
        ("la", "Run a playbook"),
        ("run", "Run a playbook"),
        ("launch deploy", "Run Deploy the shop"),
        ("dark", "Dark mode"),
        ("light", "Light mode"),
        ("add server", "Add server"),
        ("new tick", "Add ticket"),
        ("tickets", "Tickets"),
        ("audit", "Audit trail"),
    ],
)
def test_the_search_knows_verbs_and_pages(client_of, boss, text, first):
    make.playbook(name="Deploy the shop"), make.ticket(title="All about tickets")
    assert found(client_of(boss), text)[0][0] == first


def test_the_search_opens_a_run_by_its_number(client_of, bob):
    run = make.job().run
    for text in (f"run {run.pk}", f"#{run.pk}", str(run.pk), f"Run {run.pk}"):
        assert (str(run), run.get_absolute_url()) in found(client_of(bob), text)
    for text in ("run 99999999999999999999999", "run", "#", "run x"):
        assert str(run) not in dict(found(client_of(bob), text))


def test_the_search_offers_no_verb_that_one_may_not(client_of, bob):
    make.playbook(name="Deploy the shop")
    for text in ("launch", "launch deploy", "add server"):
        assert found(client_of(bob), text) == [], text


def test_each_is_found_once(client_of, boss):
    links = [link for _words, link in found(client_of(boss), "run")]
    assert len(links) == len(set(links))


def test_the_queue_stands_under_workers_for_admins(client_of, boss, bob):
    workers = reverse("admin:automation_worker_changelist")
    links = [reverse(f"admin:django_q_{name}_changelist") for name in ("schedule", "failure")]
    page = client_of(boss).get(workers).content.decode()
    assert all(f'href="{link}"' in page for link in links)
    for link in links:
        groups = client_of(boss).get(link).context["sidebar_navigation"]
        marked = [item["title"] for group in groups for item in group["items"] if item["active"]]
        assert marked == ["Workers"]
    assert not any(link in client_of(bob).get(workers).content.decode() for link in links)


def crumbs(client, path):
    page = client.get(path, follow=True).content.decode()
    heading = page.partition('<h1 class="io-crumbs">')[2].partition("</h1>")[0]
    return [part.strip() for part in re.sub(r"<[^>]*>", "\n", heading).split("\n") if part.strip()]


def test_breadcrumbs_have_one_level_and_keep_the_case_of_names(client_of, boss):
    job = make.job(
        playbook=make.playbook(name="rolling_update"), server=make.server(hostname="web3")
    )
    ticket, client = make.ticket(title="disk full"), client_of(boss)
    arrow = "chevron_right"
    for path, wanted in (
        (reverse("admin:automation_job_changelist"), ["Jobs"]),
        (reverse("admin:tickets_ticket_changelist"), ["Tickets"]),
        (reverse("admin:audit_auditlog_changelist"), ["Audit trail"]),
        (job.get_absolute_url(), ["Jobs", arrow, "rolling_update on web3"]),
        (
            job.run.get_absolute_url(),
            ["Runs", arrow, f"Run {job.run.pk} · rolling_update on 1 server"],
        ),
        (job.server.get_absolute_url(), ["Servers", arrow, "web3"]),
        (job.playbook.get_absolute_url(), ["Playbooks", arrow, "rolling_update"]),
        (ticket.get_absolute_url(), ["Tickets", arrow, "disk full"]),
        (reverse("admin:inventory_server_add"), ["Servers", arrow, "Add server"]),
        (reverse("automation:job_launch"), ["Run a playbook"]),
        (reverse("home"), ["Home"]),
    ):
        assert crumbs(client, path) == wanted, path


def test_a_list_is_called_as_in_the_sidebar(client_of, boss):
    client = client_of(boss)
    for group in client.get(reverse("home")).context["sidebar_navigation"]:
        for item in group["items"]:
            answer = client.get(item["link"])
            if "cl" in (answer.context or {}):
                assert answer.context["title"] == item["title"]
                assert "Select " not in answer.content.decode().partition("</title>")[0]


def test_the_index_of_an_app_is_no_page(client_of, bob):
    answer = client_of(bob).get("/admin/automation/")
    assert answer.status_code == 302 and answer.url == reverse("home")
