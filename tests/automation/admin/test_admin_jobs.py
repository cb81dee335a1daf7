"""Jobs, runs and log lines in the admin: viewed, searched, cancelled, without long counts."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from automation.models import Job
from console.lists import rows
from tests import make

JOBS = reverse("admin:automation_job_changelist")
LINES = reverse("admin:automation_joblog_changelist")


def count_of(answer):
    return answer.context["cl"].result_count


def test_a_row_leads_to_the_jobs_own_page(client_of, bob):
    job = make.job(status="success")
    assert job.get_absolute_url() in client_of(bob).get(JOBS).content.decode()
    path = reverse("admin:automation_job_change", args=[job.pk])
    assert client_of(bob).get(path).url == job.get_absolute_url()


def test_they_are_found_by_id_playbook_and_server(client_of, bob):
    job = make.job(
        playbook=make.playbook(name="Deploy the shop"), server=make.server(hostname="shop1.example")
    )
    make.job()
    client = client_of(bob)
    for text in (str(job.job_id), str(job.job_id)[:8].upper(), "the SHOP", "shop1", " shop1 "):
        assert count_of(client.get(JOBS, {"q": text})) == 1, text
    assert count_of(client.get(JOBS, {"q": "nothing of that name"})) == 0
    assert count_of(client.get(JOBS, {"q": "%"})) == 0


def test_they_are_filtered(client_of, bob):
    failed = make.job(status="failed", server=make.server(environment="production"))
    make.job(status="success", server=make.server(environment="staging"))
    client = client_of(bob)
    for query in (
        {"status__exact": "failed"},
        {"server__environment": "production"},
        {"playbook__id__exact": failed.playbook_id},
        {"server__id__exact": failed.server_id},
        {"run__id__exact": failed.run_id},
        {"failure_kind__exact": "task_failed"},
    ):
        assert count_of(client.get(JOBS, query)) == 1, query


def test_the_time_filter_includes_its_start_and_not_its_end(client_of, bob):
    noon = timezone.make_aware(timezone.datetime(2026, 3, 10, 12))
    for minutes in (-1, 0, 59, 60):
        make.job(status="success", created_at=noon + timedelta(minutes=minutes))
    client = client_of(bob)
    start = {"created_at_from_0": "2026-03-10", "created_at_from_1": "12:00:00"}
    end = {"created_at_to_0": "2026-03-10", "created_at_to_1": "13:00:00"}
    assert count_of(client.get(JOBS, start)) == 3
    assert count_of(client.get(JOBS, start | end)) == 2
    assert count_of(client.get(JOBS, {"created_at_from_0": "2026-03-10"})) == 4
    answer = client.get(JOBS, {"created_at_from_0": "soon"})
    assert answer.status_code == 302


def test_an_operator_cancels_after_confirming(client_of, alice):
    jobs = [make.job(), make.job(status="success")]
    form = {"action": "cancel", "_selected_action": [job.pk for job in jobs]}
    client = client_of(alice)
    assert "Cancel this run on " in client.post(JOBS, form).content.decode()
    assert Job.objects.active().count() == 1
    page = client.post(JOBS, form | {"confirmed": "yes"}, follow=True).content.decode()
    assert f"Cancel requested: {jobs[0].run}." in page
    assert f"Already finished or being cancelled: {jobs[1].run}." in page
    assert Job.objects.active().count() == 0


def test_a_viewer_does_not(client_of, bob):
    job = make.job()
    form = {"action": "cancel", "_selected_action": [job.pk], "confirmed": "yes"}
    client_of(bob).post(JOBS, form)
    assert Job.objects.active().count() == 1


def test_a_long_list_is_not_counted(client_of, bob, monkeypatch):
    monkeypatch.setattr(rows, "COUNTED_ROWS", 3)
    for _ in range(5):
        make.job(status="success")
    with CaptureQueriesContext(connection) as queries:
        answer = client_of(bob).get(JOBS)
    assert "3+ jobs" in " ".join(answer.content.decode().split())
    counts = [each["sql"] for each in queries if "COUNT(" in each["sql"]]
    assert counts and all("LIMIT 4" in sql for sql in counts)


def test_lines_are_shown_of_one_job_only(client_of, bob):
    job, other = make.job(status="success"), make.job(status="success")
    make.log_lines(job, "one <b>", "two"), make.log_lines(other, "three")
    client = client_of(bob)
    answer = client.get(LINES)
    assert count_of(answer) == 0 and "Choose a job" in answer.content.decode()
    answer = client.get(LINES, {"job__id__exact": job.pk})
    assert count_of(answer) == 2 and "one &lt;b&gt;" in answer.content.decode()
    assert "Choose a job" not in answer.content.decode()


def test_a_line_is_read_where_it_stands(client_of, bob):
    job = make.job(status="success")
    line = make.log_lines(job, "one", "two")[1]
    path = reverse("admin:automation_joblog_change", args=[line.pk])
    assert client_of(bob).get(path).url == f"{job.get_absolute_url()}#L2"


def test_a_run_shows_what_was_asked_for_without_secrets(client_of, bob):
    run = make.run(
        check_mode=True, extra_vars={"version": "1.4", "token": {"$encrypted": "gAAAAA"}}
    )
    page = client_of(bob).get(run.get_absolute_url()).content.decode()
    for words in ("<dt>version</dt><dd><code>1.4<", "<dt>token</dt><dd><code>********<", "--check"):
        assert words in page
    assert "gAAAAA" not in page
    assert f"?run__id__exact={run.pk}" in page


def test_a_run_is_cancelled_on_its_page(client_of, alice, bob, client):
    run = make.job().run
    path = reverse("automation:run_cancel", args=[run.pk])
    assert path in client_of(alice).get(run.get_absolute_url()).content.decode()
    assert path not in client_of(bob).get(run.get_absolute_url()).content.decode()
    assert client_of(bob).post(path).status_code == 403
    assert client_of(alice).get(path).status_code == 405
    assert client_of(alice).post("/runs/99999/cancel/").status_code == 404
    assert client.post(path).status_code == 302
    assert Job.objects.active().count() == 1
    page = client_of(alice).post(path, follow=True).content.decode()
    assert f"Cancelled {run}." in page and path not in page
    assert Job.objects.active().count() == 0
    assert "has already finished" in client_of(alice).post(path, follow=True).content.decode()


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_the_queues_own_pages_are_for_admins(client_of, request, who):
    client = client_of(request.getfixturevalue(who))
    for model in ("failure", "schedule"):
        assert client.get(reverse(f"admin:django_q_{model}_changelist")).status_code == 403
