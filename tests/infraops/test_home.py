"""The home page: every number, the list it links to, and what a fresh installation shows."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from automation.models import Job, Worker
from automation.reports import home_figures
from infraops.figures import figures_of
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
    for words in (
        "running",
        "waiting",
        "failed in the last 24&nbsp;h",
        "open ticket",
        "production",
    ):
        assert words in page
    assert "Disk is full" in page and "Needs attention" in page
    assert "Queue OK" in page and "2 workers</a>, last heartbeat" in page


def test_each_number_leads_to_the_list_that_it_counts(client_of, boss, busy):
    tickets = make.ticket(title="Unassigned"), make.ticket(assigned_to=boss)
    for ticket in tickets:
        make.occurrence(ticket), make.occurrence(ticket, cleared_at=timezone.now())
    again = make.playbook()
    for status in ("success", "success", "failed", "running", "cancelled"):
        make.job(status=status, playbook=again)
    client = client_of(boss)
    context = client.get(HOME).context
    tickets = context["ticket_counts"]
    counted = {
        context["running_url"]: context["running_count"],
        context["pending_url"]: context["pending_count"],
        context["failed_url"]: context["failed_count"],
        context["runs_url"]: len(context["running"]),
        context["tickets_url"]: tickets["all"],
        context["urgent_url"]: tickets["urgent"],
        context["my_tickets_url"]: tickets["mine"],
        context["unassigned_url"]: tickets["unassigned"],
        context["unassigned_jobs_url"]: tickets["unassigned_jobs"],
        **{url: count for _, count, url in context["jobs_by_status"]},
    }
    assert (tickets["mine"], tickets["unassigned_jobs"]) == (1, 1)
    for day in context["chart"]:
        counted |= {part.url: part.count for part in day.parts}
    for row in context["environments"]:
        counted[f"{row['url']}&is_active__exact=1"] = row["active"]
        counted[f"{row['url']}&is_active__exact=0"] = row["inactive"]
        counted |= {url: count for _, count, url in row["results"]}
        assert sum(count for _, count, _ in row["results"]) == row["active"]
    for record in context["records"]:
        counted[record.url] = len(record.last.ends)
        counted[record.succeeded_url] = record.last.succeeded
    assert len(counted) > 25
    for url, count in counted.items():
        assert client.get(url).context["cl"].result_count == count, url


def test_a_server_stands_under_the_newest_job_on_it(client_of, bob):
    server = make.server(environment="staging")
    make.server(environment="staging"), make.server(environment="staging", is_active=False)
    for status in ("failed", "success"):
        make.job(status=status, server=server)
    (row,) = client_of(bob).get(HOME).context["environments"]
    assert [(result, count) for result, count, _ in row["results"]] == [("success", 1), ("none", 1)]


def test_a_playbooks_last_50_runs_tell_its_rate_and_usual_duration(client_of, bob):
    playbook, now = make.playbook(), timezone.now()
    for number in range(60):
        run = make.job(playbook=playbook, status="failed" if number % 5 else "success").run
        run.started_at, run.finished_at = now, now + timedelta(seconds=number)
        run.save()
    (record,) = client_of(bob).get(HOME).context["records"]
    assert (len(record.last.ends), record.last.succeeded, record.last.success_rate) == (50, 10, 20)
    assert record.last.usual == timedelta(seconds=34.5)
    assert len(record.line.split()) == 50 and len(record.failures) == 40


def test_what_runs_is_measured_against_the_earlier_runs(client_of, bob):
    playbook, now = make.playbook(name="Deploy"), timezone.now()
    first = make.job(playbook=playbook, status="success").run
    first.started_at, first.finished_at = now, now + timedelta(seconds=200)
    first.save()
    run = make.run(playbook=playbook, state="running", started_at=now - timedelta(seconds=100))
    for _ in range(3):
        make.job(run=run, status="running")
    answer = client_of(bob).get(HOME)
    (running,) = answer.context["running"]
    assert running.run.where.target.where() == "3 servers" and 50 <= running.progress.percent <= 60
    assert "usually 3 min 20 s" in answer.content.decode()


def test_a_running_playbook_is_measured_however_many_others_ran_since(client_of, bob):
    playbook, now = make.playbook(name="Deploy"), timezone.now()
    first = make.job(playbook=playbook, status="success").run
    first.started_at, first.finished_at = now, now + timedelta(seconds=200)
    first.save()
    run = make.run(playbook=playbook, state="running", started_at=now - timedelta(hours=1))
    make.job(run=run, status="running")
    for _ in range(12):
        make.job(status="success")
    answer = client_of(bob).get(HOME)
    (running,) = answer.context["running"]
    assert running.progress.is_late and len(answer.context["records"]) == 10


def test_it_refreshes_itself_by_its_parts(client_of, bob, busy):
    assert 'data-url="/live/"' in client_of(bob).get(HOME).content.decode()
    parts = client_of(bob).get(reverse("home_live")).content.decode()
    assert 'data-part="tiles"' in parts and "<html" not in parts


def test_what_takes_long_is_counted_seldom_and_the_page_says_when(client_of, bob, busy, settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()
    client = client_of(bob)
    first = client.get(HOME).context
    make.server(environment="new")
    again = client.get(HOME)
    assert again.context["as_of"] == first["as_of"] and again.context["is_fresh"]
    assert f"as of {timezone.localtime(first['as_of']):%H:%M:%S}" in again.content.decode()
    assert figures_of(timedelta(0)).as_of > first["as_of"]
    names = [row["environment"] for row in client.get(HOME).context["environments"]]
    assert "new" in names
    cache.clear()


def test_the_chart_puts_each_job_on_its_day(db):
    now = timezone.now()
    for ago, status in ((0, "success"), (0, "failed"), (13, "failed"), (14, "failed")):
        make.job(status=status, created_at=now - timedelta(days=ago))
    numbers = home_figures.job_numbers(now)
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
        assert [day.total for day in home_figures.job_numbers(at)["chart"]][-2:] == [1, 1]
    finally:
        timezone.get_default_timezone.cache_clear()


def test_a_fresh_install_says_what_to_do_next(client_of, boss, bob):
    page = client_of(boss).get(HOME).content.decode()
    for words in ("First steps", "import_inventory", "import_playbooks", "No worker is running"):
        assert words in page
    page = client_of(bob).get(HOME).content.decode()
    assert "An admin adds them." in page and reverse("admin:inventory_server_add") not in page


def test_a_worker_with_a_long_run_is_alive(client_of, bob):
    make.job(status="running")
    assert "No worker is running" not in client_of(bob).get(HOME).content.decode()


def test_the_workers_are_listed(client_of, bob):
    Worker.objects.beat()
    Worker.objects.create(host="gone", pid=1, seen_at=timezone.now() - timedelta(hours=1))
    client = client_of(bob)
    context = client.get(HOME).context
    assert client.get(context["workers_url"]).context["cl"].result_count == context["workers"] == 1


def test_it_asks_the_database_few_times(client_of, boss, busy, query_ceiling):
    client = client_of(boss)
    with query_ceiling(17):
        client.get(HOME)
    with query_ceiling(17):
        client.get(reverse("home_live"))


def test_the_rows_do_not_cost_queries(client_of, boss, busy, query_ceiling):
    for status in ("failed", "running") * 5:
        make.job(status=status)
    make.ticket(assigned_to=boss)
    client = client_of(boss)
    with query_ceiling(17):
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


def test_a_ticket_whose_servers_do_well_again_says_so(client_of, bob):
    ticket = make.ticket(job=make.job(status="failed"))
    make.occurrence(ticket, ticket.job, cleared_at=timezone.now())
    page = client_of(bob).get(HOME).content.decode()
    assert "Succeeded on every server since" in page and "0 failed jobs" not in page


def test_ones_last_runs_can_be_run_again(client_of, alice, bob, query_ceiling):
    playbook, ended = make.playbook(name="Deploy"), {"state": "finished", "outcome": "success"}
    for environment in ("staging", "production"):
        run = make.run(playbook=playbook, launched_by=alice, **ended)
        server = make.server(hostname=f"web1.{environment}", environment=environment)
        make.job(run=run, server=server, status="success")
    make.run(launched_by=bob, **ended)  # somebody else's
    make.job(run=make.run(playbook=playbook, launched_by=alice))  # has not ended
    client = client_of(alice)
    with query_ceiling(18):
        answer = client.get(HOME)
    assert answer.context["user"] == alice
    page = answer.content.decode()
    assert page.count("</span>Relaunch") == 1
    assert reverse("automation:run_relaunch", args=[run.pk]) in page
    assert "Relaunch Deploy on web1.production (production)" in page
    assert "</span>Relaunch" not in client_of(bob).get(HOME).content.decode()
