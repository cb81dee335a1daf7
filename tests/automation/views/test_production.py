"""Buttons name their servers; production is red and asks once before acting."""

import re
from html import unescape

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from audit.models import AuditLog
from automation.models import Job, Run
from automation.reports import run_servers
from automation.reports.run_servers import RunServers, attach_where
from tests import make
from tests.recording import recorded

pytestmark = pytest.mark.django_db

JOBS = reverse("admin:automation_job_changelist")
DANGER = re.compile(
    r'<button type="submit"[^>]*io-button-danger[^>]*>\s*'
    r'<span class="material-symbols-outlined" aria-hidden="true">warning</span>([^<]*?)\s*</button>'
)


def run_on(status="success", *, state="finished", **environments):
    """`run_on(web1="production", db1="staging")`."""
    run = make.run(state=state, started_at=timezone.now())
    for name, environment in environments.items():
        server = make.server(hostname=name, environment=environment)
        make.job(run=run, server=server, status=status)
    return run


def six(status="success", **fields):
    return run_on(status, **{f"web{n}": "production" for n in range(1, 7)}, **fields)


def labels(run, job=None):
    return [choice.label for choice in RunServers(run, job).relaunch_choices]


def red_buttons(answer):
    return DANGER.findall(unescape(answer.content.decode()))


def relaunch_of(run):
    return reverse("automation:run_relaunch", args=[run.pk])


# --- Labels ---------------------------------------------------------------------------------------


def test_they_say_how_many_and_where():
    run = six()
    assert labels(run) == ["Relaunch on all 6 servers (production)"]
    job = run.jobs.order_by("id").first()
    assert labels(run, job) == [
        "Relaunch on web1 (production)",
        "Relaunch on all 6 servers (production)",
    ]


def test_some_in_production_and_some_failed():
    run = run_on(web1="production", web2="live", db1="staging", db2="staging")
    run.jobs.filter(server__hostname__in=["web1", "db1"]).update(status="failed")
    run.jobs.filter(server__hostname="db1").update(failure_kind="unreachable")
    assert labels(run) == [
        "Relaunch on all 4 servers (2 in production)",
        "Relaunch on 2 failed servers (1 in production)",
        "Relaunch on unreachable server db1",
    ]


def test_two_that_would_do_the_same_are_one():
    run = run_on("failed", web1="staging")
    assert labels(run) == labels(run, run.jobs.get()) == ["Relaunch on web1"]
    other = run_on("failed", db1="staging", db2="staging")
    assert labels(other) == ["Relaunch on all 2 servers"]
    # The failed one is the job being shown.
    other.jobs.filter(server__hostname="db1").update(status="success")
    assert labels(other, other.jobs.get(status="failed")) == [
        "Relaunch on db2",
        "Relaunch on all 2 servers",
    ]


def test_skipped_ones_are_not_all():
    run = run_on(web1="staging", web2="staging", web3="staging")
    run.jobs.filter(server__hostname="web3").update(status="skipped")
    assert labels(run) == ["Relaunch on 2 servers"]
    run.jobs.update(status="skipped")
    assert labels(run) == []


def test_what_has_not_ended_is_not_relaunched():
    assert labels(six("running", state="running")) == []


def test_one_query_for_a_thousand(django_assert_num_queries):
    run = six()
    with django_assert_num_queries(1):
        servers = RunServers(run)
        assert servers.relaunch_choices and servers.environments and servers.cancel_label


def test_buttons_read_only_the_servers_that_they_act_on(monkeypatch):
    monkeypatch.setattr(run_servers, "MOST_WITHOUT_ASKING", 2)
    run = run_on(**{f"web{n}": "staging" for n in range(5)})
    run.jobs.filter(server__hostname="web3").update(status="failed", failure_kind="unreachable")
    with CaptureQueriesContext(connection) as asked:
        every, failed = RunServers(run).relaunch_choices
    assert (every.expect, bool(failed.expect)) == ("", True)
    read = [query["sql"] for query in asked if "ip_address" in query["sql"]]
    assert len(read) == 1 and "'failed'" in read[0]


def test_a_list_counts_the_servers_of_a_large_run_once(
    settings, monkeypatch, django_assert_num_queries
):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()
    monkeypatch.setattr(run_servers, "COUNTED_ONCE", 3)
    large, small, empty = six(), run_on(db1="staging"), make.run()
    for _ in range(2):
        attach_where([large, small, empty])
        assert large.where.target.words() == "6 servers (production)"
        assert [each.name for each in large.where.environments] == ["production"]
        assert (small.where.target.where(), empty.where.target.count) == ("db1", 0)
    with django_assert_num_queries(0):
        attach_where([large])
    with django_assert_num_queries(1):
        attach_where([small])


# --- Relaunching ----------------------------------------------------------------------------------


def test_the_pages_mark_production(client_of, alice):
    run = six("failed")
    client, job = client_of(alice), run.jobs.first()
    assert red_buttons(client.get(run.get_absolute_url())) == labels(run)
    assert red_buttons(client.get(job.get_absolute_url())) == labels(run, job)
    for page in (run, job):
        text = client.get(page.get_absolute_url()).content.decode()
        assert 'aria-hidden="true">warning</span>production</span>' in text
    quiet = run_on(db1="staging")
    answer = client.get(quiet.get_absolute_url())
    assert red_buttons(answer) == [] and "Relaunch on db1" in answer.content.decode()


def test_production_is_asked_about_once(client_of, alice):
    run = six("failed")
    job = run.jobs.order_by("id").first()
    client, path = client_of(alice), relaunch_of(run)
    with recorded() as lines:
        answer = client.post(path, {"server": job.server_id, "key": "k"})
    assert (answer.status_code, lines, Run.objects.count()) == (200, [], 1)
    page = unescape(answer.content.decode())
    assert "Relaunch on web1 (production)?" in page and f"Runs “{run.playbook}” on 1 of 6" in page
    assert red_buttons(answer) == ["Relaunch on web1 (production)"]
    sent = {**dict(answer.context["sent"]), "confirmed": "yes"}
    assert sent["key"] == "k"
    with recorded() as lines:
        client.post(path, sent)
        client.post(path, sent)  # a double click
    assert lines == ["run.launched by alice"]
    again = Run.objects.get(relaunch_of=run)
    assert [each.server.hostname for each in again.jobs.all()] == ["web1"]


EXPECT = re.compile(r'name="(expect_\w+)" value="([0-9a-f]{64})"')


def expected(client, page):
    """The digests that the page carries for its buttons."""
    return dict(EXPECT.findall(client.get(page.get_absolute_url()).content.decode()))


def test_elsewhere_nobody_is_asked(client_of, alice):
    run = run_on(db1="staging", db2="staging")
    run.jobs.filter(server__hostname="db1").update(status="failed")
    client, job = client_of(alice), run.jobs.get(server__hostname="db2")
    digests = expected(client, run)
    assert set(digests) == {"expect_all", "expect_failed"}
    client.post(relaunch_of(run), {"key": "k", "only": "failed", **digests})
    again = Run.objects.get(relaunch_of=run)
    assert [each.server.hostname for each in again.jobs.all()] == ["db1"]
    client.post(relaunch_of(run), {"key": "l", "server": job.server_id, **expected(client, job)})
    assert Run.objects.filter(relaunch_of=run).count() == 2
    # A button never launches what another one has shown.
    client.post(relaunch_of(run), {"key": "m", "expect_failed": digests["expect_failed"]})
    assert Run.objects.filter(relaunch_of=run).count() == 2


def test_a_button_whose_page_is_out_of_date_asks_first(client_of, alice):
    run = run_on(db1="staging", db2="staging")
    client = client_of(alice)
    digests = expected(client, run)
    server = run.jobs.order_by("id").first().server
    server.ip_address = "192.0.2.77"
    server.save()
    answer = client.post(relaunch_of(run), {"key": "k", **digests})
    assert answer.status_code == 409 and Run.objects.count() == 1
    page = answer.content.decode()
    assert "Nothing was launched: what would run has changed" in page
    sent = {**dict(answer.context["sent"]), "confirmed": "yes"}
    # Again, while the question is being read.
    server.environment = "testing"
    server.save()
    answer = client.post(relaunch_of(run), sent)
    assert answer.status_code == 409 and f"Edited since: {server}." in answer.content.decode()
    sent = {**dict(answer.context["sent"]), "confirmed": "yes"}
    assert client.post(relaunch_of(run), sent).status_code == 302
    assert Run.objects.filter(relaunch_of=run, idempotency_key="k").exists()


def test_many_servers_are_asked_about_and_not_all_read(client_of, alice, monkeypatch):
    monkeypatch.setattr(run_servers, "MOST_WITHOUT_ASKING", 1)
    run = run_on(db1="staging", db2="staging")
    client = client_of(alice)
    assert expected(client, run) == {}
    answer = client.post(relaunch_of(run), {"key": "k"})
    assert answer.status_code == 200 and "Relaunch on 2 servers?" in answer.content.decode()
    assert Run.objects.count() == 1


def test_what_was_asked_about_is_what_is_launched(client_of, alice):
    run = six("failed")
    client, path = client_of(alice), relaunch_of(run)
    sent = dict(client.post(path, {"only": "failed"}).context["sent"])
    # Meanwhile the playbook has gained a variable with a default.
    run.playbook.variables = {"size": {"default": "large"}}
    run.playbook.save()
    answer = client.post(path, {**sent, "confirmed": "yes"})
    assert answer.status_code == 409 and Run.objects.count() == 1
    assert "Nothing was launched: what would run has changed" in answer.content.decode()
    assert "Variable size: “large”, was not set." in answer.content.decode()
    # That page asks about what would run now.
    client.post(path, {**dict(answer.context["sent"]), "confirmed": "yes"})
    assert Run.objects.get(relaunch_of=run).extra_vars == {"size": "large"}


def test_opened_as_a_page_it_says_what_would_run_and_asks(client_of, alice, bob):
    run = run_on(db1="staging")
    answer = client_of(alice).get(relaunch_of(run))
    page = unescape(answer.content.decode())
    assert "Relaunch on db1?" in page and f"Runs “{run.playbook}”" in page
    assert f"?run={run.pk}" in page and Run.objects.count() == 1
    assert client_of(bob).get(relaunch_of(run)).status_code == 403


def test_a_page_that_cannot_relaunch_says_why(client_of, alice):
    run = six("running", state="running")
    answer = client_of(alice).get(relaunch_of(run), follow=True)
    assert "has not finished yet" in answer.content.decode()


def test_the_form_to_edit_takes_the_same_servers(client_of, alice):
    run = six("failed")
    server = run.jobs.order_by("id").first().server
    asked = client_of(alice).get(relaunch_of(run), {"server": server.pk})
    assert f"?run={run.pk}&amp;server={server.pk}" in asked.content.decode()
    form = client_of(alice).get(
        reverse("automation:job_launch"), {"run": run.pk, "server": server.pk}
    )
    assert form.context["form"]["servers"].value() == [server.pk]


# --- Cancelling -----------------------------------------------------------------------------------


@pytest.mark.parametrize("of", ["run", "job"])
def test_a_cancel_in_production_is_asked_about_once(client_of, alice, of):
    run = six("pending", state="pending")
    row = run if of == "run" else run.jobs.first()
    key = run.pk if of == "run" else row.job_id
    client, path = client_of(alice), reverse(f"automation:{of}_cancel", args=[key])
    assert red_buttons(client.get(row.get_absolute_url())) == [
        "Cancel run on 6 servers (production)"
    ]
    answer = client.post(path)
    page = unescape(answer.content.decode())
    assert "Cancel run on 6 servers (production)?" in page and "Keep running" in page
    assert row.get_absolute_url() in page and Job.objects.active().count() == 6
    with recorded() as lines:
        client.post(path, {"confirmed": "yes"})
    assert lines[0] == "run.cancel_requested by alice" and not Job.objects.active().exists()


def test_a_cancel_elsewhere_just_cancels(client_of, alice):
    run = run_on("pending", state="pending", db1="staging")
    path = reverse("automation:run_cancel", args=[run.pk])
    page = client_of(alice).get(run.get_absolute_url()).content.decode()
    assert "Cancel on db1" in page
    assert f"Cancelled {run}." in client_of(alice).post(path, follow=True).content.decode()
    assert AuditLog.objects.filter(action="run.cancel_requested").count() == 1


def test_what_stops_says_so_and_no_message_stays_beside_it(client_of, alice):
    run = run_on("running", state="running", db1="staging")
    path = reverse("automation:run_cancel", args=[run.pk])
    answer = client_of(alice).post(path, follow=True)
    assert "Stopping…" in answer.content.decode()
    assert list(answer.context["messages"]) == []


# --- From the list --------------------------------------------------------------------------------


def test_many_are_asked_about_with_where_they_are(client_of, alice):
    runs = [six("failed"), run_on("failed", db1="staging")]
    chosen = [*runs[0].jobs.order_by("id")[:2], runs[1].jobs.get()]
    form = {"action": "relaunch", "_selected_action": [job.pk for job in chosen]}
    answer = client_of(alice).post(JOBS, form)
    page = unescape(answer.content.decode())
    assert "Relaunch 2 runs on 3 servers (2 in production)?" in page
    assert f"{runs[0]} on 2 servers (production)" in page
    assert red_buttons(answer) == ["Relaunch 2 runs on 3 servers (2 in production)"]


def test_a_cancel_of_one_job_names_all_servers_of_its_run(client_of, alice):
    job = six("pending", state="pending").jobs.first()
    form = {"action": "cancel", "_selected_action": [job.pk]}
    answer = client_of(alice).post(JOBS, form)
    assert "Cancel this run on 6 servers (production)?" in unescape(answer.content.decode())
    assert red_buttons(answer) == ["Cancel this run on 6 servers (production)"]


def test_nothing_to_cancel(client_of, alice):
    form = {"action": "cancel", "_selected_action": [six().jobs.first().pk]}
    assert "nothing to cancel" in client_of(alice).post(JOBS, form).content.decode()
