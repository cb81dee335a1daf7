"""A job's page, its live lines, cancellation and download."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.models import AuditLog
from automation.models import Job, ServerLock, Worker
from tests import make

ESC = "\x1b"


def url(name, job):
    return reverse(f"automation:{name}", args=[job.job_id])


@pytest.fixture
def failed(alice):
    playbook = make.playbook(
        variables={"version": {"type": "string"}, "token": {"type": "string", "secret": True}}
    )
    run = make.run(playbook=playbook, launched_by=alice, state="finished", check_mode=True)
    job = make.job(
        run=run,
        status="failed",
        counts={"ok": 3, "changed": 1, "failed": 1, "skipped": 0},
        extra_vars={"version": "1.4", "token": {"$encrypted": "gAAAAA"}},
        server=make.server(hostname="web1.example.com"),
    )
    make.log_lines(job, "PLAY [all] ***", f"{ESC}[0;32mok: [web1]{ESC}[0m")
    make.log_lines(job, "fatal: [web1]: FAILED!", log_level="error")
    make.occurrence(make.ticket(title="web1 is down", job=job), job)
    return job


def test_the_page_says_what_failed_and_what_to_do(client_of, bob, failed):
    page = client_of(bob).get(url("job_detail", failed)).content.decode()
    for words in (
        "A task failed",
        "Restart the service",
        "The task “Restart the service” failed.",
        "Line 3 of the log",
        "web1 is down",
        "alice",
        "--check",
        failed.run.playbook_hash[:12],
        '<span class="ansi-green">ok: [web1]</span>',
        'id="L3"',
    ):
        assert words in page, words


def test_the_failing_line_is_the_first_error(client_of, bob):
    job = make.job(status="failed")
    make.log_lines(job, "ok")
    make.log_lines(job, "rescued", log_level="warning")
    for number, level in enumerate(("error", "info", "error", "error", "info"), 1):
        make.log_lines(job, f"line {number}", log_level=level)
    assert client_of(bob).get(url("job_detail", job)).context["failing_line"] == 3


def test_status_and_name_stand_in_the_title(client_of, bob, failed):
    page = client_of(bob).get(url("job_detail", failed)).content.decode()
    assert f"<title>Failed · {failed} | InfraOps</title>" in " ".join(page.split())


@pytest.mark.parametrize("who", ["boss", "bob"])
@pytest.mark.parametrize("status", Job.Status.values)
def test_the_page_opens_in_every_state(client_of, request, who, status):
    client, job = client_of(request.getfixturevalue(who)), make.job(status=status)
    answer = client.get(url("job_detail", job))
    assert answer.context["title"] == f"{status.capitalize()} · {job}"


@pytest.mark.parametrize("kind", Job.FailureKind.values)
def test_every_kind_of_failure_has_words_and_advice_that_says_something(client_of, bob, kind):
    has_own_words = kind in (Job.FailureKind.TASK_FAILED, Job.FailureKind.ANSIBLE_ERROR)
    job = make.job(status="failed", failure_kind=kind, failed_task="", error_message="")
    page = client_of(bob).get(url("job_detail", job)).content.decode()
    assert job.get_failure_kind_display() in page
    assert ("What to do:" in page) is not has_own_words


def test_a_long_log_of_a_failed_job_begins_around_its_failure(client_of, bob):
    job = make.job(status="failed")
    make.log_lines(job, *map(str, range(1, 401)))
    make.log_lines(job, "it broke", log_level="error")
    make.log_lines(job, *map(str, range(402, 1202)))
    log = client_of(bob).get(url("job_detail", job)).context["log"]
    assert (log["first"], log["last"], log["newest"]) == (152, 651, 1201)


def test_the_state_alone_says_how_far_the_log_has_come(client_of, bob):
    job = make.job(status="running")
    make.log_lines(job, *map(str, range(1, 30)))
    asked = {"only": "state", "state": "running"}
    fragment = client_of(bob).get(url("job_lines", job), asked).content.decode()
    assert 'data-newest="29"' in fragment and 'class="io-line' not in fragment


def test_a_duration_stands_beside_the_usual_one(client_of, bob):
    now = timezone.now()
    place = {"playbook": make.playbook(), "server": make.server()}
    times = {"started_at": now - timedelta(seconds=95), "completed_at": now}
    done = make.job(status="success", **place, **times)
    running = make.job(status="running", **place)
    page = client_of(bob).get(url("job_detail", running)).content.decode()
    assert "usually 1 min 35 s" in page and '<progress class="io-progress"' in page
    page = client_of(bob).get(url("job_detail", done)).content.decode()
    assert "usually 1 min 35 s" in page and "<progress" not in page


def test_the_servers_facts_are_folded_in(client_of, bob, failed):
    client, path = client_of(bob), url("job_detail", failed)
    assert "No facts yet" in client.get(path).content.decode()
    make.server_facts(failed.server, ansible_distribution="Debian")
    page = client.get(path).content.decode()
    assert "Facts about web1.example.com" in page and "Debian" in page


def test_a_very_long_line_is_shown_in_part(client_of, bob):
    job = make.job(status="success")
    make.log_lines(job, "x" * 1_000_000)
    page = client_of(bob).get(url("job_detail", job)).content.decode()
    assert len(page) < 200_000 and "990000 more characters: download the log" in page
    text = client_of(bob).get(url("job_log_download", job)).getvalue().decode()
    assert len(text) == 1_000_001


def test_secrets_are_masked(client_of, boss, failed):
    page = client_of(boss).get(url("job_detail", failed)).content.decode()
    assert "********" in page and "gAAAAA" not in page


def test_html_in_output_is_only_text(client_of, bob, failed):
    make.log_lines(failed, "<script>alert(1)</script>", "NUL \x00 and 🚀")
    for name in ("job_detail", "job_lines"):
        page = client_of(bob).get(url(name, failed)).content.decode()
        assert "&lt;script&gt;alert(1)" in page and "<script>alert" not in page
        assert "NUL ␀ and 🚀" in page


def test_a_viewer_sees_no_buttons(client_of, bob, alice, failed):
    running = make.job(status="running")
    for job, button in ((failed, "Relaunch"), (running, url("job_cancel", running))):
        path = url("job_detail", job)
        assert button not in client_of(bob).get(path).content.decode()
        assert button in client_of(alice).get(path).content.decode()


def test_a_pending_job_says_what_it_waits_for(client_of, bob):
    server = make.server(hostname="web9.example.com")
    first = make.job(status="running", server=server)
    ServerLock.objects.create(server=server, run=first.run)
    job = make.job(server=server)
    page = client_of(bob).get(url("job_detail", job)).content.decode()
    assert f"web9.example.com is held by run {first.run_id}" in page


def test_a_pending_job_says_that_no_worker_is_alive(client_of, bob):
    path = url("job_detail", make.job())
    assert "No worker is alive" in client_of(bob).get(path).content.decode()
    Worker.objects.beat()
    assert "Waiting for a worker." in client_of(bob).get(path).content.decode()


def test_a_long_log_begins_with_its_end(client_of, bob):
    job = make.job(status="running")
    make.log_lines(job, *(f"line {number}" for number in range(1, 621)))
    client = client_of(bob)
    page = client.get(url("job_detail", job)).content.decode()
    assert 'id="L620"' in page and 'id="L121"' in page and 'id="L120"' not in page
    earlier = client.get(url("job_lines", job), {"before": 121}).content.decode()
    assert earlier.count('class="io-line') == 120


def test_new_lines_come_in_order_and_500_at_once(client_of, bob):
    job = make.job(status="running")
    make.log_lines(job, *(f"line {number}" for number in range(1, 521)))
    client = client_of(bob)
    fragment = client.get(url("job_lines", job), {"after": 10}).content.decode()
    assert fragment.count('class="io-line') == 500
    assert 'data-more="yes"' in fragment and 'data-active="yes"' in fragment
    fragment = client.get(url("job_lines", job), {"after": 510}).content.decode()
    assert fragment.count('class="io-line') == 10 and 'data-more="no"' in fragment


def test_the_header_comes_only_when_something_has_changed(client_of, bob):
    job = make.job(status="running")
    client = client_of(bob)
    path = url("job_lines", job)
    assert 'data-part="header"' not in client.get(path, {"state": "running"}).content.decode()
    assert 'data-part="header"' in client.get(path, {"state": "pending"}).content.decode()


@pytest.mark.parametrize("after", ["", "x", "-1", "1e9", "²", "9" * 40])
def test_nonsense_for_a_line_number_begins_at_the_start(client_of, bob, failed, after):
    answer = client_of(bob).get(url("job_lines", failed), {"after": after})
    assert answer.content.decode().count('class="io-line') == 3


def test_an_operator_cancels(client_of, alice):
    job = make.job()
    answer = client_of(alice).post(url("job_cancel", job), follow=True)
    job.refresh_from_db()
    assert job.status == Job.Status.CANCELLED
    assert f"Cancelled {job.run}." in answer.content.decode()
    assert AuditLog.objects.filter(action="run.cancel_requested", user=alice).exists()


def test_a_running_job_is_stopping_until_it_has_ended(client_of, alice):
    job = make.job(status="running")
    page = client_of(alice).post(url("job_cancel", job), follow=True).content.decode()
    assert "Stopping" in page
    job.refresh_from_db()
    assert job.status == Job.Status.RUNNING and job.run.is_cancelling


def test_what_has_ended_is_not_cancelled(client_of, alice, failed):
    page = client_of(alice).post(url("job_cancel", failed), follow=True).content.decode()
    assert "has already finished" in page
    assert not AuditLog.objects.filter(action="run.cancel_requested").exists()


def test_the_whole_log_as_text(client_of, bob):
    job = make.job(status="success")
    lines = [f"{ESC}[31mline {number} <b> 🚀{ESC}[0m" for number in range(1, 2101)]
    make.log_lines(job, *lines)
    answer = client_of(bob).get(url("job_log_download", job))
    assert answer["Content-Type"].startswith("text/plain")
    assert "attachment" in answer["Content-Disposition"]
    text = answer.getvalue().decode()
    assert text == "".join(f"line {number} <b> 🚀\n" for number in range(1, 2101))
    as_printed = client_of(bob).get(url("job_log_download", job), {"ansi": 1})
    assert as_printed.getvalue().decode().splitlines() == lines


def test_the_log_of_a_running_job_with_times(client_of, bob):
    job = make.job(status="running")
    moment = datetime(2026, 11, 21, 14, 3, 21, 42, tzinfo=UTC)
    make.log_lines(job, f"{ESC}[31mone{ESC}[0m", "two", timestamp=moment)
    answer = client_of(bob).get(url("job_log_download", job), {"timestamps": 1})
    assert answer.getvalue().decode().splitlines() == [
        "2026-11-21T14:03:21.000042+00:00 one",
        "2026-11-21T14:03:21.000042+00:00 two",
    ]


def test_the_page_asks_the_database_few_times(client_of, boss, failed, query_ceiling):
    client = client_of(boss)
    make.task_results(failed, "ok", "failed")
    with query_ceiling(14):  # two for the groups of the inventory
        client.get(url("job_detail", failed))
    with query_ceiling(12):
        client.get(url("job_lines", failed), {"after": 2})
    for job in (failed, make.job(status="running")):
        state = client.get(url("job_detail", job)).context["state"]
        with query_ceiling(4):  # polled twice a second: session, user, job, lines
            client.get(url("job_lines", job), {"after": 2, "state": state})
    with query_ceiling(5):
        client.get(url("job_tasks", failed))
    with query_ceiling(4):
        client.get(url("job_search", failed), {"q": "ok"})


PAGES = {
    "job_detail": "get",
    "job_lines": "get",
    "job_search": "get",
    "job_tasks": "get",
    "job_log_download": "get",
    "job_cancel": "post",
}


@pytest.mark.parametrize(("name", "method"), PAGES.items())
def test_wrong_method(client_of, boss, failed, name, method):
    wrong = "post" if method == "get" else "get"
    assert getattr(client_of(boss), wrong)(url(name, failed)).status_code == 405


@pytest.mark.parametrize(("name", "method"), PAGES.items())
def test_unknown_job(client_of, boss, name, method):
    path = reverse(f"automation:{name}", args=[uuid.uuid4()])
    assert getattr(client_of(boss), method)(path).status_code == 404


@pytest.mark.parametrize(("name", "method"), PAGES.items())
def test_a_stranger_signs_in_first(client, client_of, charlie, failed, name, method):
    for stranger in (client, client_of(charlie)):
        answer = getattr(stranger, method)(url(name, failed))
        assert answer.status_code == 302 and answer.url.startswith(reverse("admin:login"))


def test_a_viewer_does_not_cancel(client_of, bob):
    job = make.job()
    assert client_of(bob).post(url("job_cancel", job)).status_code == 403
    job.refresh_from_db()
    assert job.is_active
    assert AuditLog.objects.filter(action="access.denied", user=bob).exists()
