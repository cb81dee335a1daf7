"""The home page: every number, the list that it leads to, and what a fresh install sees."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from automation.models import Job, Worker
from infraops import home
from tests import make

HOME = reverse("home")


@pytest.fixture
def busy(db):
    """Some of everything."""
    production = make.server(environment="production")
    make.server(environment="production", is_active=False)
    for status in Job.Status.values:
        make.job(status=status, server=production)
    make.ticket(priority="critical"), make.ticket(status="resolved")
    Worker.objects.beat()


def test_it_shows_what_happens(client_of, bob, busy):
    page = client_of(bob).get(HOME).content.decode()
    for words in ("running now", "waiting", "failed in the last 24 h", "open ticket", "production"):
        assert words in page
    assert "Restart the service" in page
    assert "Queue works: 2 worker processes," in page


def test_each_number_leads_to_the_list_that_it_counts(client_of, boss, busy):
    client = client_of(boss)
    context = client.get(HOME).context
    counted = {
        context["running_url"]: context["running_count"],
        context["pending_url"]: context["pending_count"],
        context["failed_url"]: context["failed_count"],
        context["tickets_url"]: context["ticket_counts"]["all"],
        context["urgent_url"]: context["ticket_counts"]["urgent"],
        context["my_tickets_url"]: context["ticket_counts"]["mine"],
        **{url: count for _, count, url in context["jobs_by_status"]},
        **{day.url: day.total for day in context["chart"] if day.total and len(day.parts) == 5},
    }
    for row in context["environments"]:
        counted[f"{row['url']}&is_active__exact=1"] = row["active"]
        counted[f"{row['url']}&is_active__exact=0"] = row["inactive"]
    for url, count in counted.items():
        assert client.get(url).context["cl"].result_count == count, url


def test_the_chart_puts_each_job_on_its_day(db):
    now = timezone.now()
    for ago, status in ((0, "success"), (0, "failed"), (13, "failed"), (14, "failed")):
        make.job(status=status, created_at=now - timedelta(days=ago))
    numbers = home.job_numbers(now)
    assert [day.total for day in numbers["chart"]] == [1, *[0] * 12, 2]
    assert [part.status for part in numbers["chart"][-1].parts] == ["success", "failed"]
    assert {part.share for part in numbers["chart"][-1].parts} == {50}


def test_a_day_begins_at_midnight_of_the_console(db, settings):
    settings.TIME_ZONE = "Asia/Kolkata"
    timezone.get_default_timezone.cache_clear()
    try:
        at = timezone.make_aware(timezone.datetime(2026, 3, 10, 0, 30))
        make.job(status="success", created_at=at)
        make.job(status="success", created_at=at - timedelta(hours=1))
        assert [day.total for day in home.job_numbers(at)["chart"]][-2:] == [1, 1]
    finally:
        timezone.get_default_timezone.cache_clear()


def test_a_fresh_install_says_what_to_do_next(client_of, boss, bob):
    page = client_of(boss).get(HOME).content.decode()
    for words in ("First steps", "import_inventory", "import_playbooks", "No worker is alive"):
        assert words in page
    page = client_of(bob).get(HOME).content.decode()
    assert "An admin adds them." in page and reverse("admin:inventory_server_add") not in page


def test_a_worker_with_a_long_run_is_alive(client_of, bob):
    make.job(status="running")
    assert "No worker is alive" not in client_of(bob).get(HOME).content.decode()


def test_it_asks_the_database_few_times(client_of, boss, busy, query_ceiling):
    client = client_of(boss)
    with query_ceiling(14):
        client.get(HOME)


def test_the_rows_do_not_cost_queries(client_of, boss, busy, query_ceiling):
    for status in ("failed", "running") * 5:
        make.job(status=status)
    make.ticket(assigned_to=boss)
    client = client_of(boss)
    with query_ceiling(14):
        client.get(HOME)


def test_wrong_method(client_of, boss):
    assert client_of(boss).post(HOME).status_code == 405


def test_a_stranger_signs_in_first(client, charlie, client_of):
    for stranger in (client, client_of(charlie)):
        answer = stranger.get(HOME)
        assert answer.status_code == 302
        assert answer.url.startswith(reverse("admin:login"))


def test_the_admins_index_is_the_home_page(client_of, bob):
    assert client_of(bob).get("/admin/").url == HOME
