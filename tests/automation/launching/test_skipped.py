"""Servers without a play, and plays without servers: neither success nor failure."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from audit.models import AuditLog
from automation.launching import following
from automation.models import Job, Outcome, Run
from automation.reports.playbook_history import playbook_history
from automation.reports.server_history import read_server_history
from automation.reports.track_record import last_runs, usual_seconds_on
from schema.exceptions import Refused
from tests import make
from tickets.models import Ticket, TicketOccurrence

pytestmark = pytest.mark.django_db

REASON = "No play is for this server: the playbook's plays are for web, and db1 is not among them."
IDLE = {
    "play": "Configure <all>",
    "hosts": "fresh",
    "place": "site.yml:12",
    "reason": "“fresh” matches no server of this run's inventory",
}


@pytest.fixture
def mixed(alice):
    """A run with a play for web1, but none for db1."""
    servers = [make.server(hostname=name) for name in ("web1", "db1")]
    return finished(make.launch(make.playbook(), alice, servers), db1=Outcome.skipped(REASON))


def finished(run, **outcomes):
    """`outcomes` by host name; the default is success."""
    assert run.claim({job.server_id for job in run.jobs.all()})
    by_job = {
        job.pk: outcomes[job.server.hostname]
        for job in run.jobs.all()
        if job.server.hostname in outcomes
    }
    assert run.finish(by_job, Outcome(Job.Status.SUCCESS, counts={"ok": 1}), exit_code=0)
    run.refresh_from_db()
    return run


def page_of(client, row):
    return client.get(row.get_absolute_url()).content.decode()


def job_on(run, name):
    return run.jobs.get(server__hostname=name)


# --- Statistics -----------------------------------------------------------------------------------


def test_it_is_recorded_and_opens_no_ticket(mixed, alice):
    assert (mixed.outcome, job_on(mixed, "db1").status) == ("success", "skipped")
    line = AuditLog.objects.about(job_on(mixed, "db1")).get(action="job.finished")
    assert line.details["status"] == "skipped" and line.details["message"] == REASON
    assert not Ticket.objects.exists()


def test_it_clears_no_earlier_failure(alice):
    failed = make.job(status="failed")
    occurrence = make.occurrence(make.ticket(), failed)
    again = make.launch(failed.playbook, alice, [failed.server])
    finished(again, **{failed.server.hostname: Outcome.skipped(REASON)})
    assert TicketOccurrence.objects.get(pk=occurrence.pk).cleared_at is None
    assert again.outcome == "skipped"


def test_it_counts_for_no_rate_and_no_usual_duration():
    playbook = make.playbook()
    for status in ("success", "success", "failed", "skipped", "skipped", "skipped"):
        make.job(playbook=playbook, status=status, server=None)
    last = last_runs([playbook.pk])[playbook.pk]
    assert (len(last.ends), last.succeeded, last.skipped) == (3, 2, 3)
    latest = playbook_history(playbook).latest
    assert latest.success_rate == 66 and latest.counts["skipped"] == 3


def test_a_servers_rate_is_of_what_ran_there(client_of, bob):
    server = make.server()
    jobs = [make.job(server=server, status=status) for status in ("success", "skipped", "failed")]
    history = read_server_history(server.pk)
    assert (history.record.decided, history.record.success_rate, history.last_job) == (
        2,
        50,
        jobs[-1],
    )
    page = client_of(bob).get(server.get_absolute_url()).content.decode()
    assert "io-cell io-skipped" in page and "»" in page and "2 jobs" in page
    pair = jobs[1].playbook_id, server.pk
    assert usual_seconds_on([pair]) == {}


def test_lists_and_charts_show_it_apart(client_of, bob, mixed):
    client = client_of(bob)
    home = client.get(reverse("home")).content.decode()
    assert "io-part-skipped" in home and "last_job=skipped" in home
    jobs = reverse("admin:automation_job_changelist")
    listed = client.get(jobs, {"status__exact": "skipped"}).context["cl"].result_list
    assert [job.server.hostname for job in listed] == ["db1"]
    servers = reverse("admin:inventory_server_changelist")
    listed = client.get(servers, {"last_job": "skipped"}).context["cl"].result_list
    assert [server.hostname for server in listed] == ["db1"]


def test_the_home_pages_number_leads_to_as_many_runs(client_of, bob):
    playbook = make.playbook()
    for status in ("success", "skipped", "failed"):
        make.job(playbook=playbook, status=status)
    client = client_of(bob)
    (record,) = client.get(reverse("home")).context["records"]
    assert (len(record.last.ends), record.last.success_rate) == (2, 50)
    assert client.get(record.url).context["cl"].result_count == 2
    assert client.get(record.succeeded_url).context["cl"].result_count == 1


def test_a_playbook_that_only_skipped_has_no_rate(client_of, bob):
    job = make.job(status="skipped")
    page = page_of(client_of(bob), job.playbook)
    assert "No run has succeeded or failed yet" in page and "io-bar-skipped" in page


# --- Pages ----------------------------------------------------------------------------------------


def test_the_jobs_page_says_why(client_of, bob, mixed):
    page = page_of(client_of(bob), job_on(mixed, "db1"))
    assert "io-skipped" in page and "step_over" in page
    assert "the playbook&#x27;s plays are for web, and db1 is not among them." in page
    assert "What to do" not in page and "Skipped · " in page


def test_a_success_with_nothing_to_do_says_so(client_of, api_of, bob):
    playbook = make.playbook("- name: Web\n  hosts: all\n- hosts: nobody\n", file_path="site.yml")
    job = make.job(status="success", counts={"ok": 0, "failed": 0}, playbook=playbook)
    page = page_of(client_of(bob), job)
    said = "No task ran on this server. Play “Web” (hosts: all) matched it."
    assert said in page and "nobody" not in page
    assert api_of(bob).get(f"/api/jobs/{job.job_id}").json()["nothing_to_do"] is True
    # If the file has changed, nobody can tell.
    make.playbook_file("site.yml", "- hosts: db\n")
    assert "ran on this server.</p>" in page_of(client_of(bob), job)


@pytest.mark.parametrize("counts", [{}, {"ok": 1, "failed": 0}])
def test_a_success_that_did_something_says_nothing(client_of, bob, counts):
    page = page_of(client_of(bob), make.job(status="success", counts=counts))
    assert "No task ran" not in page


def test_plays_that_had_no_host_are_named_on_run_and_job(client_of, bob, mixed):
    Run.objects.filter(pk=mixed.pk).update(idle_plays=[IDLE])
    client = client_of(bob)
    for row in (mixed, job_on(mixed, "web1"), job_on(mixed, "db1")):
        page = page_of(client, row)
        assert "Skipped plays" in page
        assert "Configure &lt;all&gt;" in page and "hosts: fresh" in page
        assert "site.yml:12" in page and "“fresh” matches no server" in page


def test_what_could_not_be_masked_is_named(client_of, bob, mixed):
    client = client_of(bob)
    assert "Not masked" not in page_of(client, mixed)
    Run.objects.filter(pk=mixed.pk).update(unmasked=["db_password", "token"])
    page = " ".join(page_of(client, mixed).split())
    assert "<strong>Not masked:</strong> db_password, token — their values are too short" in page


def test_the_table_of_a_run_has_them_last(client_of, bob, alice):
    names = [make.server(hostname=name) for name in ("db1", "web1", "bad1")]
    failed = Outcome.failed(Job.FailureKind.TASK_FAILED, "No.")
    run = make.launch(make.playbook(), alice, names)
    finished(run, db1=Outcome.skipped(REASON), bad1=failed)
    client = client_of(bob)
    table = client.get(run.get_absolute_url()).context["table"]
    assert [row.job.server.hostname for row in table.rows] == ["bad1", "web1", "db1"]
    table = client.get(run.get_absolute_url(), {"status": "skipped"}).context["table"]
    assert [row.job.server.hostname for row in table.rows] == ["db1"]


def test_pages_with_all_of_it_ask_no_more(client_of, bob, mixed, query_ceiling):
    client = client_of(bob)
    page_of(client, mixed)
    Run.objects.filter(pk=mixed.pk).update(idle_plays=[IDLE] * 50, unmasked=["a"] * 50)
    with query_ceiling(25):
        page_of(client, mixed)
    with query_ceiling(25):
        page_of(client, job_on(mixed, "db1"))


# --- API ------------------------------------------------------------------------------------------


def test_the_api_has_it_too(api_of, bob, mixed):
    Run.objects.filter(pk=mixed.pk).update(idle_plays=[IDLE], unmasked=["token"])
    api = api_of(bob)
    run = api.get(f"/api/runs/{mixed.pk}").json()
    assert (run["idle_plays"], run["unmasked"]) == ([IDLE], ["token"])
    assert run["jobs"] == {"success": 1, "skipped": 1}
    (job,) = api.get("/api/jobs?status=skipped").json()["results"]
    assert (job["server"], job["error_message"], job["failure_kind"]) == ("db1", REASON, "")
    assert job["nothing_to_do"] is False
    assert api.get("/api/runs?outcome=skipped").json()["results"] == []


def test_a_dry_run_names_who_would_be_skipped(api_of, alice):
    web, db = (make.in_groups(make.server(hostname=name), name[:-1]) for name in ("web1", "db1"))
    text = "- name: Web\n  hosts: web\n- name: Mail\n  hosts: mail\n"
    playbook = make.playbook(text, file_path="site.yml")
    asked = {"playbook_id": playbook.pk, "server_ids": [web.pk, db.pk], "dry_run": True}
    answer = api_of(alice).post("/api/jobs", asked, format="json").json()
    assert answer["skipped"] == ["db1"]
    assert answer["idle_plays"] == [
        {
            "play": "Mail",
            "hosts": "mail",
            "place": "site.yml:3",
            "reason": "“mail” matches no server in the inventory",
        }
    ]
    assert "No play targets db1: it will be skipped." in answer["words"]


def test_the_launch_form_names_them(client_of, alice):
    server = make.server(hostname="db1")
    playbook = make.playbook("- hosts: db1\n- name: Web\n  hosts: web\n")
    asked = {"playbook": playbook.pk, "servers": [server.pk], "forks": 5, "deadline_seconds": 60}
    asked |= {"verbosity": 0, "key": "k"}
    answer = client_of(alice).post(reverse("automation:job_launch_plan"), asked)
    said = "Play “Web” (hosts: web) will not run: “web” matches no server in the inventory."
    assert f'<p class="io-plan-waits">{said}</p>' in answer.content.decode()


# --- Relaunching ----------------------------------------------------------------------------------


def servers_of(run):
    return [job.server.hostname for job in run.jobs.order_by("id")]


def test_a_relaunch_leaves_them_out(mixed, alice):
    assert servers_of(make.relaunch(mixed, alice)) == ["web1"]


def test_servers_that_are_named_are_taken(mixed, alice):
    assert servers_of(make.relaunch(mixed, alice, servers=[job_on(mixed, "db1").server])) == ["db1"]


@pytest.mark.parametrize("only", ["failed", "unreachable", "not_reached"])
def test_they_are_of_no_choice(mixed, alice, only):
    with pytest.raises(Refused, match="has no server with the result"):
        make.relaunch(mixed, alice, only=only)


def test_a_run_that_skipped_all_is_not_repeated(client_of, api_of, alice):
    run = make.launch(make.playbook(), alice, [make.server(hostname="db1")])
    finished(run, db1=Outcome.skipped(REASON))
    with pytest.raises(Refused, match=r"All servers of .* were skipped\. No play is for"):
        make.relaunch(run, alice)
    answer = api_of(alice).post(f"/api/runs/{run.pk}/relaunch")
    assert answer.status_code == 409 and REASON in answer.json()["detail"]
    page = page_of(client_of(alice), job_on(run, "db1"))
    assert page.count("</span>Relaunch on ") == 1 and "Relaunch on db1" in page


def test_the_form_to_change_a_relaunch_leaves_them_out(client_of, alice, mixed):
    page = client_of(alice).get(reverse("automation:job_launch"), {"run": mixed.pk})
    assert page.context["form"]["servers"].value() == [job_on(mixed, "web1").server_id]


# --- Commands -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        (["success", "skipped"], 0),
        (["skipped", "skipped"], 4),
        (["cancelled", "skipped", "success"], 3),
        (["failed", "cancelled", "skipped"], 2),
    ],
)
def test_the_exit_status_tells_it(statuses, code):
    assert following.exit_status(statuses) == code


def test_a_command_ends_with_what_did_not_run(alice, monkeypatch):
    monkeypatch.setattr(following, "POLL_SECONDS", 0)
    server = make.server(hostname="db1")
    playbook = make.playbook(name="site")
    ended = {"state": "finished", "outcome": "skipped", "finished_at": timezone.now()}

    def at_once(self, run, jobs):
        Job.objects.filter(run=run).update(status="skipped", error_message=REASON)
        Run.objects.filter(pk=run.pk).update(**ended, idle_plays=[IDLE], unmasked=["token"])
        run.refresh_from_db()

    monkeypatch.setattr(following.LaunchingCommand, "_show_lines", at_once)
    said = StringIO()
    with pytest.raises(SystemExit) as end:
        arguments = ["run_playbook", playbook.name, "--server", server.hostname]
        call_command(*arguments, "--user", "alice", stdout=said)
    assert end.value.code == 4
    text = said.getvalue()
    assert f"db1: Skipped\n{REASON}\n" in text
    assert "Play “Configure <all>” (hosts: fresh, site.yml:12) did not run: “fresh” matches" in text
    assert "Not masked: token — their values are too short or too common" in text
