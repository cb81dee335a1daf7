"""A run's combined log on its page, and a task's whole result on a job's."""

import json
from datetime import UTC, datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from automation.models import Run, TaskResult
from tests import make

ESC = "\x1b"


@pytest.fixture
def run(alice) -> Run:
    """A run on two servers, with output in pieces of three lines."""
    row = make.run(launched_by=alice, state="finished")
    for name in ("web1", "web2"):
        make.log_lines(make.job(run=row, status="success", server=make.server(hostname=name)), "x")
    for first in range(1, 1200, 3):
        make.run_log(row, *(f"{ESC}[0;32mline {n}{ESC}[0m" for n in range(first, first + 3)))
    return row


def url(name: str, run: Run) -> str:
    return reverse(f"automation:{name}", args=[run.pk])


def fetched(client, run: Run, **query) -> list[int]:
    lines = client.get(url("run_lines", run), query).context["lines"]
    return [line.line_number for line in lines]


def test_the_page_has_the_end_of_it(client_of, bob, run):
    page = client_of(bob).get(run.get_absolute_url())
    log = page.context["log"]
    assert (log["first"], log["last"], log["newest"]) == (1101, 1200, 1200)
    assert '<span class="ansi-green">line 1200</span>' in page.content.decode()


def test_lines_come_from_either_side(client_of, bob, run, query_ceiling):
    client = client_of(bob)
    assert fetched(client, run, after=1) == list(range(2, 502))
    assert fetched(client, run, after=1199) == [1200]
    assert fetched(client, run, after=1200) == []
    assert fetched(client, run, before=3) == [1, 2]
    assert fetched(client, run, before=1) == []
    assert fetched(client, run, before=999_999_999) == list(range(701, 1201))
    state = client.get(url("run_lines", run), {"only": "state"}).content.decode()
    assert 'data-newest="1200"' in state and 'data-active="no"' in state


def test_it_is_searched_without_its_colours(client_of, bob, run):
    client = client_of(bob)
    found = client.get(url("run_search", run), {"q": "LINE 119"}).json()
    assert found["lines"] == [119, *range(1190, 1200)] and not found["more"]
    many = client.get(url("run_search", run), {"q": "line"}).json()
    assert many["count"] == 1000 and many["more"]
    rest = client.get(url("run_search", run), {"q": "line", "after": 1000}).json()
    assert rest["lines"][0] == 1001
    assert client.get(url("run_search", run)).json()["lines"] == []


def test_the_whole_can_be_downloaded(client_of, bob, run):
    client = client_of(bob)
    answer = client.get(url("run_log_download", run))
    text = b"".join(answer.streaming_content).decode()
    assert text.splitlines() == [f"line {number}" for number in range(1, 1201)]
    assert f'filename="run-{run.pk}.log"' in answer.headers["Content-Disposition"]


def test_of_one_server_it_is_that_job_s_log(client_of, bob):
    job = make.job(status="success")
    make.log_lines(job, "PLAY", "ok")
    client = client_of(bob)
    assert fetched(client, job.run, after=0) == [1, 2]
    page = client.get(job.run.get_absolute_url()).content.decode()
    assert "PLAY" in page
    assert client.get(url("run_search", job.run), {"q": "play"}).json()["lines"] == [1]


def test_an_earlier_run_says_where_its_lines_are(client_of, bob, run):
    run.printed.all().delete()
    page = client_of(bob).get(run.get_absolute_url()).content.decode()
    assert "This run is older than combined logs" in page
    silent = make.run(state="finished")
    for _ in range(2):
        make.job(run=silent, status="cancelled")
    page = client_of(bob).get(silent.get_absolute_url()).content.decode()
    assert "The playbook printed nothing." in page


def test_the_api_has_it_too(api_of, bob, run):
    answer = api_of(bob).get(f"/api/runs/{run.pk}/logs?after=1198").json()
    assert [line["line_number"] for line in answer["lines"]] == [1199, 1200]
    assert (answer["last"], answer["finished"]) == (1200, True)
    assert not api_of(bob).get(f"/api/runs/{run.pk}/logs").json()["finished"]
    assert api_of(bob).get(f"/api/runs/{run.pk}/logs?limit=0").status_code == 400


def test_the_whole_message_of_a_failure_is_on_the_page(client_of, bob):
    run = make.run(state="finished")
    message = "It broke: " + "<b>and</b> so on " * 200 + "to the very end"
    for _ in range(2):
        make.job(run=run, status="failed", failure_kind="task_failed", error_message=message)
    page = client_of(bob).get(run.get_absolute_url()).content.decode()
    assert "to the very end" in page and "<b>and</b>" not in page


def test_a_failure_leads_to_the_full_result_of_its_task(client_of, bob):
    run = make.run(state="finished")
    jobs = [make.job(run=run, status="failed", failure_kind="task_failed") for _ in range(2)]
    make.task_results(jobs[0], "ok", "ignored", "failed", "failed", result='{"rc": 1}')
    path = reverse("automation:job_task", args=[jobs[0].job_id, 3])
    client = client_of(bob)
    page = client.get(run.get_absolute_url()).content.decode()
    assert page.count("Full result of the task") == 1
    assert f'<a href="{path}">Full result of the task on {jobs[0].server}</a>' in page
    TaskResult.objects.update(result="")  # of an older version
    assert "Full result of the task" not in client.get(run.get_absolute_url()).content.decode()


def test_times_are_as_precise_as_they_are_known(client_of, api_of, bob, run):
    moment = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)
    run.printed.update(printed_at=moment)
    client, timed = client_of(bob), {"timestamps": "1"}
    answer = client.get(url("run_log_download", run), timed)
    lines = b"".join(answer.streaming_content).decode().splitlines()
    local = timezone.localtime(moment)
    assert {line.partition(" ")[0] for line in lines} == {local.isoformat(timespec="seconds")}
    page = client.get(run.get_absolute_url()).content.decode()
    assert f'data-time="{local:%H:%M:%S}" title="{local:%Y-%m-%d %H:%M:%S %z}"' in page
    [line] = api_of(bob).get(f"/api/runs/{run.pk}/logs?after=1199").json()["lines"]
    assert "05" in line["timestamp"] and "678" not in line["timestamp"]
    # A job's lines have times of their own.
    job = run.jobs.first()
    job.logs.update(timestamp=moment)
    answer = client.get(reverse("automation:job_log_download", args=[job.job_id]), timed)
    text = b"".join(answer.streaming_content).decode()
    assert text.startswith(local.isoformat(timespec="microseconds"))


def test_the_versions_are_on_both_pages(client_of, bob):
    job = make.job(status="success")
    client = client_of(bob)
    assert "ansible-core" not in client.get(job.get_absolute_url()).content.decode()
    Run.objects.update(ansible_version="2.19.14", python_version="3.12.1")
    for path in (job.get_absolute_url(), job.run.get_absolute_url()):
        page = client.get(path).content.decode()
        assert "ansible-core 2.19.14" in page and "3.12.1" in page


def test_a_task_has_its_whole_result_on_a_page(client_of, api_of, bob):
    job = make.job(status="success")
    result = json.dumps({"rc": 0, "stdout": "<script>alert(1)</script>", "list": [1, 2]})
    make.task_results(job, "ok", task="With one", result=result)
    make.task_results(job, "ok", task="Without")
    TaskResult.objects.filter(number=1).update(result_is_cut=True)
    client = client_of(bob)
    pages = [reverse("automation:job_task", args=[job.job_id, number]) for number in (1, 2, 3)]
    page = client.get(pages[0]).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page and "<script>alert" not in page
    assert "[\n  1,\n  2\n]" in page and "Too large to keep in full" in page
    assert "This run is older than full results." in client.get(pages[1]).content.decode()
    assert client.get(pages[2]).status_code == 404
    job_page = client.get(job.get_absolute_url()).content.decode()
    assert job_page.count("Full result") == 1 and pages[0] in job_page
    tasks = api_of(bob).get(f"/api/jobs/{job.job_id}/tasks").json()["tasks"]
    assert [task["result_is_cut"] for task in tasks] == [True, False]
    # Results are fetched only when opened.
    assert "alert(1)" not in job_page
