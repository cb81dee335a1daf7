"""The results of tasks on the job's page, in the API and in the admin."""

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
    for status, words in (("running", "appears here when it has ended"), ("failed", "No task ran")):
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
