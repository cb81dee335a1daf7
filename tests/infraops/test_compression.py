"""Responses are compressed, and their size does not give away secrets in them."""

import gzip

import pytest
from django.urls import reverse

from automation.models import JobLog
from tests import make

GZIP = {"accept-encoding": "gzip, br"}


def unpacked(answer) -> str:
    raw = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return gzip.decompress(raw).decode()


@pytest.fixture
def long_job(db):
    job = make.job(status="success")
    lines = (JobLog(job=job, line_number=n, content=f"ok: line {n}") for n in range(1, 301))
    JobLog.objects.bulk_create(lines)
    return job


def test_a_page_is_compressed(client_of, boss):
    make.job()
    url = reverse("admin:automation_job_changelist")
    plain = client_of(boss).get(url)

    answer = client_of(boss).get(url, headers=GZIP)

    assert answer["Content-Encoding"] == "gzip" and "Accept-Encoding" in answer["Vary"]
    assert len(answer.content) < len(plain.content) / 3
    assert "Content-Encoding" not in plain


def test_the_apis_answers_are_compressed(api_of, alice, long_job):
    answer = api_of(alice).get(reverse("api:job-logs", args=[long_job.job_id]), headers=GZIP)

    assert answer["Content-Encoding"] == "gzip" and "ok: line 300" in unpacked(answer)


def test_the_lines_that_a_page_asks_for_are_compressed(client_of, alice, long_job):
    url = reverse("automation:job_lines", args=[long_job.job_id])

    answer = client_of(alice).get(url, {"after": 0}, headers=GZIP)

    assert answer["Content-Encoding"] == "gzip" and "ok: line 300" in unpacked(answer)


def test_a_downloaded_log_is_what_it_is_without_compression(client_of, alice, long_job):
    url = reverse("automation:job_log_download", args=[long_job.job_id])
    plain = b"".join(client_of(alice).get(url).streaming_content).decode()

    answer = client_of(alice).get(url, headers=GZIP)

    assert answer["Content-Encoding"] == "gzip" and unpacked(answer) == plain
    assert answer["Content-Disposition"].startswith("attachment")


def test_an_export_is_what_it_is_without_compression(client_of, boss, long_job):
    url = reverse("admin:automation_job_export", args=["csv"])
    plain = b"".join(client_of(boss).get(url).streaming_content).decode()

    assert unpacked(client_of(boss).get(url, headers=GZIP)) == plain


def test_the_same_page_has_another_size_each_time(client_of, boss, monkeypatch):
    """Random padding and a token masked anew each time: sizes reveal nothing (BREACH)."""
    client = client_of(boss)
    url = reverse("automation:job_launch")

    answers = [client.get(url, headers=GZIP) for _ in range(12)]

    assert len({len(answer.content) for answer in answers}) > 3
    tokens = [
        unpacked(answer).split('name="csrfmiddlewaretoken" value="')[1][:64] for answer in answers
    ]
    assert len(set(tokens)) == 12
