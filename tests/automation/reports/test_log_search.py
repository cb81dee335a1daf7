"""Searching a job's log, on the page and in the API."""

import pytest
from django.urls import reverse

from automation.models import JobLog
from automation.reports.log_search import MOST_HITS
from tests import make

pytestmark = pytest.mark.django_db

ESC = "\x1b"


@pytest.fixture
def job():
    row = make.job(status="success")
    make.log_lines(
        row,
        "PLAY [all] ***",
        f"{ESC}[0;32mok: [web1]{ESC}[0m",
        f"{ESC}[0;31mweb1{ESC}[0m : {ESC}[0;32mok=3   {ESC}[0m {ESC}[0;33mchanged=1{ESC}[0m",
        "100% of _all_ Müller's \\ disks",
        "MÜLLER again",
    )
    make.log_lines(row, "a warning", log_level="warning")
    make.log_lines(row, "ok is an error", log_level="error")
    return row


@pytest.fixture
def found(client_of, bob, job):
    def found(**query):
        return client_of(bob).get(reverse("automation:job_search", args=[job.job_id]), query).json()

    return found


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("play [ALL]", [1]),
        ("ok", [2, 3, 7]),
        ("web1 : ok=3", [3]),  # as displayed: across colour codes
        ("ok=3    changed", [3]),
        ("0;32m", []),  # only within the codes
        ("%", [4]),
        ("_all_", [4]),
        ("\\", [4]),
        ("müller", [4, 5]),
        ("nowhere", []),
        ("'; DROP TABLE job_logs; --", []),
    ],
)
def test_a_text_is_found_as_it_is_read(found, text, lines):
    assert found(q=text) == {"lines": lines, "count": len(lines), "more": False}


def test_a_level_narrows_the_search_and_may_stand_alone(found):
    assert found(q="ok", level="error")["lines"] == [7]
    assert found(level="error")["lines"] == [7]
    assert found(level="warning")["lines"] == [6, 7]
    assert found(level="nonsense")["lines"] == []
    assert found()["lines"] == []


def test_it_goes_on_after_a_line(found):
    assert found(q="ok", after=2)["lines"] == [3, 7]


def test_the_answer_is_bounded_and_says_that_there_are_more(client_of, bob):
    job = make.job(status="running")
    many = (JobLog(job=job, line_number=n, content=f"hit {n}") for n in range(1, MOST_HITS + 12))
    JobLog.objects.bulk_create(many)
    client, url = client_of(bob), reverse("automation:job_search", args=[job.job_id])
    first = client.get(url, {"q": "hit"}).json()
    assert (first["count"], first["more"], first["lines"][-1]) == (MOST_HITS, True, MOST_HITS)
    rest = client.get(url, {"q": "hit", "after": MOST_HITS}).json()
    assert (rest["count"], rest["more"]) == (11, False)


def test_every_line_with_colours_in_its_midst_is_looked_at(client_of, bob):
    """Even if they fill more than one of the batches in which they are read."""
    job = make.job(status="success")
    text = f"{ESC}[31mred{ESC}[0m and {ESC}[32mgreen{ESC}[0m"
    lines = (JobLog(job=job, line_number=n, content=text) for n in range(1, 5101))
    JobLog.objects.bulk_create(lines)
    JobLog.objects.create(job=job, line_number=5101, content=f"{ESC}[31mwan{ESC}[0mted")
    url = reverse("automation:job_search", args=[job.job_id])
    assert client_of(bob).get(url, {"q": "wanted"}).json()["lines"] == [5101]


def test_another_jobs_lines_are_not_found(found):
    make.log_lines(make.job(), "ok ok ok")
    assert found(q="ok ok ok")["lines"] == []


def test_the_api_searches_too(api_of, bob, job):
    client, url = api_of(bob), f"/api/jobs/{job.job_id}/logs"
    page = client.get(url, {"search": "ok", "limit": 2}).json()
    assert [line["line_number"] for line in page["lines"]] == [2, 3]
    assert (page["last"], page["finished"]) == (3, False)
    page = client.get(url, {"search": "ok", "limit": 2, "after": 3}).json()
    assert [line["line_number"] for line in page["lines"]] == [7]
    assert page["finished"]
    page = client.get(url, {"level": "error"}).json()
    assert [line["content"] for line in page["lines"]] == ["ok is an error"]
    assert client.get(url, {"level": "nonsense"}).status_code == 400
    assert client.get(url, {"search": "x" * 201}).status_code == 400
