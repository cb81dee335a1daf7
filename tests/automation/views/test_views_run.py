"""A run's page: its state, its servers by tasks, and its buttons."""

import re
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from automation.models import Job, Run, TaskResult
from inventory.models import Server
from tests import make

pytestmark = pytest.mark.django_db


def page_of(client, run, **query):
    answer = client.get(run.get_absolute_url(), query)
    assert answer.status_code == 200
    return answer


def ended(*statuses, **fields):
    run = make.run(state="finished", started_at=timezone.now(), **fields)
    for status in statuses:
        make.job(run=run, status=status)
    return run


def copy_results(job, others):
    """Copy the results to the other jobs within the database; row by row takes seconds."""
    columns = {field.column for field in TaskResult._meta.concrete_fields} - {"id", "job_id"}
    copied = ", ".join(map(connection.ops.quote_name, columns))
    table = TaskResult._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (job_id, {copied}) SELECT other.id, {copied} FROM "
            f"{table}, (SELECT id FROM {Job._meta.db_table} WHERE run_id = %s AND id <> %s) other "
            "WHERE job_id = %s",
            [job.run_id, job.pk, job.pk],
        )
    assert TaskResult.objects.count() == 100 * (1 + len(others))


@pytest.fixture
def large(db):
    """500 servers by 100 tasks; every tenth server failed at its last task."""
    run = make.run(state="finished")
    now, like = timezone.now(), make.server()
    servers = Server.objects.bulk_create(
        Server(hostname=f"many{n}.example.com", ip_address=like.ip_address) for n in range(500)
    )
    servers = Server.objects.filter(hostname__startswith="many").order_by("id")
    Job.objects.bulk_create(
        Job(
            run=run,
            playbook=run.playbook,
            user=run.launched_by,
            server=server,
            status="success" if n % 10 else "failed",
            counts={"ok": 100} if n % 10 else {"ok": 99, "failed": 1},
        )
        for n, server in enumerate(servers)
    )
    first, *others = run.jobs.order_by("id")
    TaskResult.objects.bulk_create(
        TaskResult(
            job=first,
            number=number,
            play="Play",
            task=f"Task {number}",
            path=f"site.yml:{number}",
            status="ok",
            started_at=now,
            duration=1,
        )
        for number in range(1, 101)
    )
    copy_results(first, others)
    failed = TaskResult.objects.filter(job__in=run.jobs.filter(status="failed"), number=100)
    assert failed.update(status="failed") == 50
    return run


# --- State ----------------------------------------------------------------------------------------


def test_the_title_says_how_it_stands_and_what_it_is(client_of, bob):
    run = ended("failed", "success", outcome="failed", playbook=make.playbook(name="Deploy"))
    page = page_of(client_of(bob), run).content.decode()
    assert "Failed · Deploy on 2 servers | InfraOps" in page
    assert "Restart the service" in page and "The task “Restart the service” failed." in page


def test_the_admins_page_leads_there(client_of, bob):
    run = make.run()
    path = reverse("admin:automation_run_change", args=[run.pk])
    assert client_of(bob).get(path).url == run.get_absolute_url() == f"/runs/{run.pk}/"


def test_a_running_one_is_measured_against_the_earlier_ones(client_of, bob):
    now = timezone.now()
    first = ended("success", finished_at=now + timedelta(seconds=65), outcome="success")
    run = make.run(playbook=first.playbook, state="running", started_at=now - timedelta(seconds=30))
    make.job(run=run, status="running")
    page = page_of(client_of(bob), run)
    assert "usually 1 min " in page.content.decode()
    assert 45 <= page.context["progress"].percent <= 60
    Run.objects.filter(pk=run.pk).update(started_at=now - timedelta(hours=2))
    late = page_of(client_of(bob), run)
    assert "longer than usual" in late.content.decode() and late.context["progress"].percent == 99


def test_the_tickets_of_its_failures_are_named(client_of, bob):
    run = ended("failed", "failed")
    ticket = make.ticket(title="It broke")
    for job in run.jobs.all():
        make.occurrence(ticket, job)
    page = page_of(client_of(bob), run).content.decode()
    assert page.count(ticket.get_absolute_url()) == 1 and "and 1 more" in page


def test_a_cancelled_one_says_by_whom_and_a_stopping_one_says_so(client_of, alice):
    run = make.job(status="running").run
    run.cancel(alice)
    page = page_of(client_of(alice), run).content.decode()
    assert "Stopping · Playbook" in page and "Cancelled by alice." in page
    assert re.search(r"disabled>\s*<span[^>]*>stop_circle</span>Stopping…", page)


# --- The table ------------------------------------------------------------------------------------


def test_500_servers_by_100_tasks_take_few_queries_and_a_page(client_of, bob, large, query_ceiling):
    client = client_of(bob)
    with query_ceiling(18):
        table = page_of(client, large).context["table"]
    assert (len(table.rows), len(table.columns)) == (50, 25)
    assert (table.hosts.total, table.tasks.total, table.failing) == (500, 100, 1)
    assert {row.job.status for row in table.rows} == {"failed"}

    table = page_of(client, large, hosts=10, tasks=4).context["table"]
    assert (table.hosts.first, table.hosts.last) == (451, 500)
    assert [column.number for column in table.columns] == list(range(76, 101))
    assert (table.hosts.next, table.tasks.next) == ("", "")
    assert all(cell.status == "ok" for row in table.rows for cell in row.cells)

    table = page_of(client, large, only="failed", status="failed").context["table"]
    assert [column.place.task for column in table.columns] == ["Task 100"]
    assert [row.cells[0].status for row in table.rows] == ["failed"] * 50


def test_each_cell_leads_to_its_task_in_the_servers_job(client_of, bob):
    job = make.job(status="failed")
    make.task_results(job, "ok", "failed")
    page = page_of(client_of(bob), job.run).content.decode()
    for number, word in ((1, "ok"), (2, "failed")):
        link = f'<a href="{job.get_absolute_url()}#T{number}">'
        assert re.search(f'{link}<i [^>]*>\\w+</i><span class="io-unseen">{word}</span>', page)


def test_each_count_leads_to_the_results_that_it_counts(client_of, bob):
    job = make.job(status="running")
    make.task_results(job, "ok", "ok", "changed", "failed", "skipped", "unreachable", "rescued")
    make.task_results(job, "changed", "ignored", changed=True)
    client = client_of(bob)
    ((_row, counts),) = page_of(client, job.run).context["lines"]
    assert dict((name, count) for name, count, _ in counts)["ok"] == 5
    for name, count, url in counts:
        found = client.get(urlsplit(url).path, _query(url))
        assert found.context["cl"].result_count == count, name


def _query(url):
    query: dict[str, list[str]] = {}
    for name, value in parse_qsl(urlsplit(url).query):
        query.setdefault(name, []).append(value)
    return query


def test_each_status_leads_to_as_many_servers(client_of, bob):
    run = ended("failed", "failed", "success", "cancelled")
    client = client_of(bob)
    context = page_of(client, run).context
    assert [(status, count) for status, count, _ in context["legend"]] == [
        *(("success", 1), ("failed", 2), ("cancelled", 1))
    ]
    for status, count, url in context["legend"]:
        rows = client.get(run.get_absolute_url(), _query(url)).context["table"].rows
        assert [row.job.status for row in rows] == [status] * count


def test_tasks_are_found_by_a_part_of_their_name(client_of, bob):
    job = make.job(status="success")
    for task in ("Install nginx", "Start nginx", "Install vim"):
        make.task_results(job, "ok", task=task)
    table = page_of(client_of(bob), job.run, task="NGINX").context["table"]
    assert [column.place.task for column in table.columns] == ["Install nginx", "Start nginx"]
    page = page_of(client_of(bob), job.run, task="apache").content.decode()
    assert "No task matches." in page


@pytest.mark.parametrize(
    "query", [{"hosts": "x"}, {"hosts": "99999"}, {"status": "x"}, {"only": 1}]
)
def test_an_address_that_makes_no_sense_shows_what_there_is(client_of, bob, query):
    job = make.job(status="success")
    make.task_results(job, "ok")
    assert len(page_of(client_of(bob), job.run, **query).context["table"].rows) == 1


def test_names_are_text(client_of, bob):
    job = make.job(status="success", server=make.server(hostname="web1.example.com"))
    make.task_results(job, "ok", task="<script>alert(1)</script>", play="<b>")
    page = page_of(client_of(bob), job.run, task="<script>").content.decode()
    assert "<script>alert(1)" not in page and "&lt;script&gt;alert(1)" in page and "<b>" not in page


def test_while_it_runs_the_page_is_refreshed_by_a_part_of_it(client_of, bob):
    job = make.job(status="running")
    make.task_results(job, "ok")
    path = reverse("automation:run_live", args=[job.run_id])
    part = client_of(bob).get(path).content.decode()
    assert 'data-active="yes"' in part and "Task 1" in part and "<html" not in part
    assert f'data-url="{path}"' in page_of(client_of(bob), job.run).content.decode()


def test_before_it_begins_it_says_what_it_waits_for(client_of, bob):
    page = page_of(client_of(bob), make.job().run).content.decode()
    assert "No worker is alive." in page and "Tasks appear as columns" in page


def test_who_may_see_it(client, client_of, alice, bob):
    run = make.run()
    assert client.get(run.get_absolute_url()).status_code == 302
    assert client_of(bob).get("/runs/99999/").status_code == 404
    assert client_of(alice).post(run.get_absolute_url()).status_code == 405
