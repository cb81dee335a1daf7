"""Exports of lists: all rows that match the filters, and no formulas."""

import csv
import io
import json

import pytest
from django.contrib import admin
from django.urls import reverse

from audit.models import AuditLog
from console.lists import ConsoleAdmin, exports
from tests import make

JOBS = reverse("admin:automation_job_changelist")
JOBS_CSV = reverse("admin:automation_job_export", args=["csv"])
JOBS_JSON = reverse("admin:automation_job_export", args=["json"])
SERVERS_CSV = reverse("admin:inventory_server_export", args=["csv"])
SERVERS_JSON = reverse("admin:inventory_server_export", args=["json"])


def text_of(answer):
    return b"".join(answer.streaming_content).decode()


def rows_of(answer):
    return list(csv.DictReader(io.StringIO(text_of(answer))))


def test_all_rows_that_match_come_in_the_lists_order_and_no_other(
    client_of, bob, monkeypatch, query_ceiling
):
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 2)
    failed = [make.job(status="failed") for _ in range(5)]
    make.job(status="success")
    client = client_of(bob)
    with query_ceiling(20):
        answer = client.get(JOBS_CSV, {"status__exact": "failed", "o": "7"})
        rows = rows_of(answer)
    assert [row["job_id"] for row in rows] == [str(job.job_id) for job in failed]
    first = rows[0]
    assert first["playbook"] == failed[0].playbook.name
    assert first["server"] == failed[0].server.hostname
    assert first["created_at"].endswith("Z") and first["duration_seconds"] == "0.0"
    assert "attachment" in answer["Content-Disposition"] and ".csv" in answer["Content-Disposition"]


def test_json_keeps_its_types(client_of, bob):
    server = make.server(tags={"role": ["web", "db"]}, is_active=False)
    rows = json.loads(text_of(client_of(bob).get(SERVERS_JSON)))
    assert [row["hostname"] for row in rows] == [server.hostname]
    assert rows[0]["tags"] == {"role": ["web", "db"]} and rows[0]["is_active"] is False
    assert json.loads(text_of(client_of(bob).get(SERVERS_JSON, {"environment": "moon"}))) == []


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", *"＝＋－＠"])
def test_no_cell_is_a_formula(client_of, bob, sign):
    make.server(description=f'{sign}HYPERLINK("x","y"), "quoted"\nand a line')
    (row,) = rows_of(client_of(bob).get(SERVERS_CSV))
    assert row["description"] == f"'{sign}" + 'HYPERLINK("x","y"), "quoted"\nand a line'


def test_what_is_secret_is_not_among_the_columns(client_of, boss):
    make.server(variables={"db_password": "hunter2"})
    client = client_of(boss)
    assert "hunter2" not in text_of(client.get(SERVERS_CSV)) + text_of(client.get(SERVERS_JSON))


def test_more_rows_than_fit_are_refused_with_words(client_of, bob, monkeypatch):
    monkeypatch.setattr(exports, "EXPORTED_ROWS", 2)
    for _ in range(3):
        make.job(status="failed")
    client = client_of(bob)
    answer = client.get(JOBS_CSV, {"status__exact": "failed"})
    assert answer.url == f"{JOBS}?status__exact=failed"
    assert "More than 2 jobs match" in client.get(answer.url).content.decode()
    assert not AuditLog.objects.filter(action="jobs.exported").exists()


def test_it_is_recorded_with_its_filters_and_its_rows(client_of, bob):
    make.job(status="failed", server=make.server(hostname="web1.example"))
    client_of(bob).get(JOBS_JSON, {"status__exact": "failed", "q": "web1"})
    line = AuditLog.objects.get(action="jobs.exported")
    assert line.user == bob and line.details["rows"] == 1 and line.details["format"] == "json"
    assert line.details["filters"] == {"status__exact": ["failed"]}
    assert line.details["search"] == "web1"


def test_a_filter_that_cannot_be_exports_nothing(client_of, bob):
    answer = client_of(bob).get(JOBS_CSV, {"playbook__id__exact": "x", "status__exact": "failed"})
    assert answer.status_code == 302 and answer.url == f"{JOBS}?status__exact=failed"


def test_each_list_offers_its_own_files(client_of, boss):
    for model_admin in admin.site._registry.values():
        if not (isinstance(model_admin, ConsoleAdmin) and model_admin.exported):
            continue
        name = f"{model_admin.opts.app_label}_{model_admin.opts.model_name}"
        page = client_of(boss).get(reverse(f"admin:{name}_changelist")).content.decode()
        for kind in ("csv", "json"):
            path = reverse(f"admin:{name}_export", args=[kind])
            assert path in page
            assert text_of(client_of(boss).get(path))
