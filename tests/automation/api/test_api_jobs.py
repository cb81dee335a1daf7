from uuid import uuid4

import pytest
from django.utils import timezone

from automation.models import Job
from tests import make
from tests.recording import recorded

URL = "/api/jobs"


def test_a_failed_job_says_why(api_of, bob):
    job = make.job(status="failed", counts={"ok": 2, "failed": 1})
    shown = api_of(bob).get(f"{URL}/{job.job_id}").json()
    assert (shown["status"], shown["failure_kind"]) == ("failed", "task_failed")
    assert shown["failed_task"] == "Restart the service"
    assert shown["error_message"] == "The task “Restart the service” failed."
    assert shown["counts"] == {"ok": 2, "failed": 1}
    assert shown["duration_seconds"] == 0


@pytest.mark.parametrize("name", ["", "/logs"])
def test_an_id_is_taken_in_either_case(api_of, bob, name):
    job = make.job()
    assert api_of(bob).get(f"{URL}/{str(job.job_id).upper()}{name}").status_code == 200


@pytest.mark.parametrize("unknown", [uuid4(), "x" * 36, "1", "-" * 36])
def test_an_unknown_id_is_404(api_of, boss, unknown):
    client = api_of(boss)
    assert client.get(f"{URL}/{unknown}").status_code == 404
    assert client.get(f"{URL}/{unknown}/logs").status_code == 404
    assert client.post(f"{URL}/{unknown}/cancel").status_code == 404


def test_filters(api_of, bob):
    server = make.server(environment="production")
    failed = make.job(status="failed", server=server)
    make.job(server=make.server(environment="staging"))
    moment = timezone.now().isoformat().replace("+00:00", "Z")
    client = api_of(bob)
    found = {
        "status=failed": 1,
        f"playbook={failed.playbook_id}": 1,
        f"server={server.pk}": 1,
        f"run={failed.run_id}": 1,
        "environment=Production": 1,
        f"user={failed.user}": 1,
        f"created_before={moment}": 2,
        f"created_after={moment}": 0,
        "environment=production&status=pending": 0,
    }
    for query, count in found.items():
        assert len(client.get(f"{URL}?{query}").json()["results"]) == count, query


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("status=broken", "status"),
        ("playbook=deploy", "playbook"),
        ("playbook=1.5", "playbook"),
        ("created_after=yesterday", "created_after"),
        ("state=failed", "state"),
        ("page=2", "page"),
        ("ordering=id", "ordering"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_refused(api_of, bob, query, name):
    response = api_of(bob).get(f"{URL}?{query}")
    assert response.status_code == 400
    assert list(response.json()["fields"]) == [name]


@pytest.mark.parametrize("narrowed", ["", "&created_after=2020-01-01T00:00:00Z"])
def test_pages_follow_each_other_and_are_never_counted(api_of, bob, query_ceiling, narrowed):
    jobs = [str(make.job().job_id) for _ in range(5)]
    client, url, seen = api_of(bob), f"{URL}?page_size=2{narrowed}", []
    while url:
        with query_ceiling(8) as asked:  # session, user, rows, four kinds of names, relaunches
            page = client.get(url).json()
        assert not any("COUNT(" in query["sql"].upper() for query in asked.captured_queries)
        seen += [row["job_id"] for row in page["results"]]
        url = page["next"]
    assert seen == jobs[::-1]


# --- Cancel ---------------------------------------------------------------------------------------


def test_a_pending_job_is_cancelled_at_once(api_of, alice):
    job, client = make.job(), api_of(alice)
    with recorded() as lines:
        response = client.post(f"{URL}/{job.job_id}/cancel")
    assert response.status_code == 200
    assert response.json()["status"] == "cancelled"
    assert lines == [
        "run.cancel_requested by alice",
        "job.finished by alice",
        "run.finished by alice",
    ]


def test_a_running_job_is_asked_to_stop_once(api_of, alice):
    job, client = make.job(status="running"), api_of(alice)
    with recorded() as lines:
        first = client.post(f"{URL}/{job.job_id}/cancel")
        second = client.post(f"{URL}/{job.job_id}/cancel")
    assert (first.json()["status"], lines) == ("running", ["run.cancel_requested by alice"])
    assert first.json()["cancel_requested_at"] is not None
    assert second.status_code == 409
    assert "is already being cancelled" in second.json()["detail"]


@pytest.mark.parametrize("status", ["success", "failed", "cancelled"])
def test_a_job_that_has_ended_cannot_be_cancelled(api_of, alice, status):
    job = make.job(status=status)
    response = api_of(alice).post(f"{URL}/{job.job_id}/cancel")
    assert response.status_code == 409
    assert f"has already finished: {status}" in response.json()["detail"]


def test_a_viewer_does_not_cancel_and_it_is_recorded(api_of, bob):
    job, client = make.job(), api_of(bob)
    with recorded() as lines:
        assert client.post(f"{URL}/{job.job_id}/cancel").status_code == 403
    assert lines == ["access.denied by bob"]


# --- Logs -----------------------------------------------------------------------------------------


def test_lines_come_in_order_and_after_a_number(api_of, bob):
    job = make.job(status="running")
    make.log_lines(job, "one", "\x1b[31mtwo\x1b[0m \0 <b> 🚀", "three")
    client = api_of(bob)
    shown = client.get(f"{URL}/{job.job_id}/logs").json()
    assert [line["line_number"] for line in shown["lines"]] == [1, 2, 3]
    assert shown["lines"][1]["content"] == "\x1b[31mtwo\x1b[0m \0 <b> 🚀"
    assert shown["lines"][0].keys() == {"line_number", "content", "log_level", "timestamp"}
    assert (shown["last"], shown["status"], shown["finished"]) == (3, "running", False)
    later = client.get(f"{URL}/{job.job_id}/logs?after=2").json()
    assert [line["content"] for line in later["lines"]] == ["three"]
    nothing = client.get(f"{URL}/{job.job_id}/logs?after=3").json()
    assert (nothing["lines"], nothing["last"]) == ([], 3)


def test_finished_means_that_no_line_follows(api_of, bob):
    job = make.job(status="success")
    make.log_lines(job, "one", "two", "three")
    client = api_of(bob)
    first = client.get(f"{URL}/{job.job_id}/logs?limit=2").json()
    rest = client.get(f"{URL}/{job.job_id}/logs?limit=2&after={first['last']}").json()
    assert (first["finished"], rest["finished"]) == (False, True)
    assert [line["content"] for line in rest["lines"]] == ["three"]


@pytest.mark.parametrize(
    "query",
    "after=-1 after=x after= after=1.5 after=99999999999 after=٣ limit=0 limit=5001 limit=many "
    "since=3 page_size=3 status=failed level= level=odd".split(),
)
def test_bad_parameters_of_a_log_are_refused(api_of, bob, query):
    response = api_of(bob).get(f"{URL}/{make.job().job_id}/logs?{query}")
    assert response.status_code == 400
    assert list(response.json()["fields"]) == [query.partition("=")[0]]


def test_a_log_asks_a_fixed_number_of_times(api_of, bob, query_ceiling):
    job = make.job(status="success")
    make.log_lines(job, *map(str, range(50)))
    client = api_of(bob)
    with query_ceiling(4):  # session, user, job, lines
        assert len(client.get(f"{URL}/{job.job_id}/logs").json()["lines"]) == 50


# --- The connection check of a server -------------------------------------------------------------


def test_an_operator_checks_a_server(api_of, alice):
    server, client = make.server(), api_of(alice)
    with recorded() as lines:
        response = client.post(f"/api/servers/{server.pk}/check")
    assert response.status_code == 201
    assert (response.json()["playbook"], response.json()["server_id"]) == (
        "Check connection",
        server.pk,
    )
    assert lines == ["run.launched by alice"]
    assert Job.objects.get().server == server


def test_a_check_can_be_refused(api_of, alice, bob):
    server = make.server(is_active=False)
    assert api_of(alice).post(f"/api/servers/{server.pk}/check").status_code == 409
    assert api_of(alice).post("/api/servers/999999/check").status_code == 404
    assert api_of(bob).post(f"/api/servers/{server.pk}/check").status_code == 403
