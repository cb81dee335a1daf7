"""Task results on the job's page, in the API and in the admin."""

import re

import pytest
from django.urls import reverse

from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def failed():
    job = make.job(status="failed")
    make.task_results(job, "ok", "changed", message="<b>done</b>")
    make.task_results(job, "failed", task="Restart the service", path="roles/web/main.yml:7")
    make.task_results(job, "skipped", diff="--- before\n+++ after\n@@ -1 +1 @@\n-a\n+<i>")
    return job


def test_the_page_lists_them_in_order_with_icon_word_and_place(client_of, bob, failed):
    page = client_of(bob).get(failed.get_absolute_url()).content.decode()
    places = [page.index(f'id="T{number}"') for number in (1, 2, 3, 4)]
    assert places == sorted(places)
    for words in (
        "change_circle</span>Changed",
        "error</span>Failed",
        "roles/web/main.yml:7",
        "1.25 s",
        "<summary>Difference</summary>",
        "+&lt;i&gt;",
        "&lt;b&gt;done",
    ):
        assert words in page, words


def test_the_failure_leads_to_its_task(client_of, bob, failed):
    page = client_of(bob).get(failed.get_absolute_url()).content.decode()
    assert 'href="#T3"' in page[: page.index('aria-label="Job"')]


def test_a_job_without_results_says_so(client_of, bob):
    waits = '<span data-while="yes">Tasks appear here as they finish.'
    for status, words in (("running", waits), ("failed", '<span data-while="no">No tasks ran.')):
        page = client_of(bob).get(make.job(status=status).get_absolute_url()).content.decode()
        assert words in page


def test_the_fragment_has_what_follows_and_says_whether_there_is_more(client_of, bob):
    job = make.job(status="running")
    make.task_results(job, *["ok"] * 501)
    url, client = reverse("automation:job_tasks", args=[job.job_id]), client_of(bob)
    page = client.get(url).content.decode()
    assert page.count("<tr") == 500
    assert 'data-more="yes"' in page and 'data-active="yes"' in page
    page = client.get(url, {"after": 500}).content.decode()
    assert page.count("<tr") == 1 and 'id="T501"' in page and 'data-more="no"' in page


def test_the_api_pages_by_number(api_of, bob, failed, query_ceiling):
    client, url = api_of(bob), f"/api/jobs/{failed.job_id}/tasks"
    with query_ceiling(4):  # session, user, job, results
        page = client.get(url, {"limit": 3}).json()
    assert [task["number"] for task in page["tasks"]] == [1, 2, 3]
    assert (page["last"], page["finished"], page["status"]) == (3, False, "failed")
    assert page["tasks"][2]["status"] == "failed"
    assert page["tasks"][2]["path"] == "roles/web/main.yml:7"
    page = client.get(url, {"after": 3}).json()
    assert [task["number"] for task in page["tasks"]] == [4]
    assert page["finished"] and "@@" in page["tasks"][0]["diff"]


@pytest.mark.parametrize("query", [{"after": "x"}, {"limit": "0"}, {"page": "2"}])
def test_the_api_refuses_nonsense(api_of, bob, failed, query):
    assert api_of(bob).get(f"/api/jobs/{failed.job_id}/tasks", query).status_code == 400


def test_the_admin_lists_those_of_one_job(client_of, bob, failed):
    url, client = reverse("admin:automation_taskresult_changelist"), client_of(bob)
    assert "Restart the service" not in client.get(url).content.decode()
    page = client.get(url, {"job__id__exact": failed.pk}).content.decode()
    assert "Restart the service" in page


# --- Selected and sorted --------------------------------------------------------------------------


def numbers_in(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'<tr id="T(\d+)"', page)]


@pytest.mark.parametrize(
    ("result", "numbers"),
    [("ok", [1, 2, 6]), ("changed", [2]), ("failed", [3]), ("skipped", [4]), ("nonsense", None)],
)
def test_each_count_shows_what_it_counts(client_of, bob, failed, result, numbers):
    make.task_results(failed, "unreachable", "ignored")
    type(failed.task_results.get(number=2)).objects.filter(number=2).update(changed=True)
    page = client_of(bob).get(failed.get_absolute_url(), {"result": result}).content.decode()
    assert numbers_in(page) == (numbers or [1, 2, 3, 4, 5, 6])
    assert (f'result={result}#tasks"' in page) == (numbers is not None)
    url = reverse("automation:job_tasks", args=[failed.job_id])
    fragment = client_of(bob).get(url, {"result": result, "after": 1}).content.decode()
    assert numbers_in(fragment) == [n for n in (numbers or [1, 2, 3, 4, 5, 6]) if n > 1]


def test_a_running_jobs_results_are_counted(client_of, bob):
    job = make.job(status="running")
    make.task_results(job, "ok", "ok", "skipped")
    page = client_of(bob).get(job.get_absolute_url()).content.decode()
    assert "<strong>2</strong> ok" in page and "<strong>1</strong> skipped" in page


def test_the_slowest_come_first_and_at_most_500(client_of, bob):
    job = make.job(status="success")
    make.task_results(job, *["ok"] * 500, duration=0.5)
    make.task_results(job, "ok", duration=90)
    make.task_results(job, "ok", duration=2)
    page = client_of(bob).get(job.get_absolute_url(), {"order": "slowest"}).content.decode()
    assert numbers_in(page)[:3] == [501, 502, 1] and len(numbers_in(page)) == 500
    assert "The 500 slowest tasks" in page
    assert '<rect width="100.0%"' in page and '<rect width="2.2%"' in page


def test_a_long_list_goes_on_at_an_address(client_of, bob):
    job = make.job(status="success")
    make.task_results(job, *["ok"] * 502)
    client = client_of(bob)
    page = client.get(job.get_absolute_url()).content.decode()
    assert "after=500#tasks" in page and len(numbers_in(page)) == 500
    page = client.get(job.get_absolute_url(), {"after": 500}).content.decode()
    assert numbers_in(page) == [501, 502] and "Show from the start" in page


def test_a_difference_is_coloured_and_keeps_its_signs(client_of, bob, failed):
    page = client_of(bob).get(failed.get_absolute_url()).content.decode()
    for html in (
        '<span class="io-diff-removed">-a</span>',
        '<span class="io-diff-added">+&lt;i&gt;</span>',
        '<span class="io-diff-file">--- before</span>',
        '<span class="io-diff-place">@@ -1 +1 @@</span>',
    ):
        assert html in page, html


def test_the_api_orders_by_duration(api_of, bob):
    job = make.job(status="success")
    for seconds in (1.0, 30.0, 2.0):
        make.task_results(job, "ok", duration=seconds)
    client, url = api_of(bob), f"/api/jobs/{job.job_id}/tasks"
    page = client.get(url, {"ordering": "-duration", "limit": 2}).json()
    assert [task["number"] for task in page["tasks"]] == [2, 3]
    assert client.get(url, {"ordering": "name"}).status_code == 400
    assert client.get(url, {"ordering": "-duration", "after": 1}).status_code == 400
