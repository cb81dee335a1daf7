"""A playbook's page: its file, its variables, where it ran and how it fared."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from automation.models import Run
from automation.reports import playbook_history as module
from automation.reports.playbook_history import playbook_history
from automation.reports.playbook_parts import PlaybookPart, list_playbook_parts
from tests import make

VARIABLES = {
    "version": {"type": "string", "required": True, "help": "The tag <b>of</b> the release"},
    "colour": {"type": "choice", "choices": ["blue", "green"], "default": "blue"},
    "restart": {"type": "boolean", "default": False, "label": "Restart it"},
    "password": {"secret": True, "help": None, "choices": None},
}
PLAY = """
- import_playbook: base.yml
- hosts: all
  vars_files: [common.yml, [first.yml, second.yml]]
  roles: [nginx, {role: shop}, {name: named}]
  pre_tasks:
    - ansible.builtin.include_role: {name: guard}
  tasks:
    - block:
        - import_tasks: "tasks/{{ os }}.yml"
      rescue:
        - template: {src: a.j2, dest: /etc/a}
    - copy: {content: x, dest: /etc/b}
    - include_vars: more.yml
    - script: run.sh
    - debug: {msg: nginx}
  handlers:
    - include_role: {name: nginx}
"""


def page_of(client, playbook):
    answer = client.get(playbook.get_absolute_url())
    assert answer.status_code == 200
    return answer.content.decode()


def ran(playbook, *statuses, ago=0, seconds=60, servers=None, **fields):
    """A run that ended `ago` days ago, with a job for each status."""
    at = timezone.now() - timedelta(days=ago)
    end = at + timedelta(seconds=seconds)
    outcome = next(each for each in ("failed", "cancelled", "success") if each in statuses)
    times = {"started_at": at, "finished_at": end, "created_at": at}
    run = make.run(playbook=playbook, state="finished", outcome=outcome, **times, **fields)
    servers = servers or [make.server() for _ in statuses]
    for server, status in zip(servers, statuses, strict=True):
        make.job(run=run, server=server, status=status, created_at=at, completed_at=end)
    return run


# --- The page -------------------------------------------------------------------------------------


def test_a_viewer_sees_the_whole_of_it(client_of, bob):
    playbook = make.playbook(name="Deploy", variables=VARIABLES, description="Rolls it out")
    make.vault_password(playbook=playbook, vault_id="prod")
    web1 = make.server(hostname="web1")
    run = ran(playbook, "failed", "success", servers=[web1, make.server(hostname="web2")])
    page = page_of(client_of(bob), playbook)
    for words in ("Rolls it out", "As registered", "prod", "version", "required", "secret", "blue"):
        assert words in page, words
    assert "The tag &lt;b&gt;of&lt;/b&gt; the release" in page
    assert 'id="S1"' in page and '<span class="io-yaml-key">hosts</span>' in page
    assert f"Run {run.pk}</a>" in page and "1 failed" in page and "web1" in page
    assert "open sesame" not in page and "None" not in page
    assert "?playbook=" not in page and "Edit" not in page and "Accept changed" not in page


def test_an_operator_runs_and_an_admin_edits_from_here(client_of, alice, boss):
    playbook = make.playbook()
    page = page_of(client_of(alice), playbook)
    assert f"{reverse('automation:job_launch')}?playbook={playbook.pk}" in page
    assert 'data-key="r"' in page and "Edit" not in page
    page = page_of(client_of(boss), playbook)
    assert reverse("admin:automation_playbook_change", args=[playbook.pk]) in page


def test_who_may_not_change_it_is_led_here_from_the_form(client_of, alice, boss):
    playbook = make.playbook()
    path = reverse("admin:automation_playbook_change", args=[playbook.pk])
    assert client_of(alice).get(path).url == playbook.get_absolute_url()
    form = client_of(boss).get(path).content.decode()
    assert playbook.get_absolute_url() in form and "io-yaml-line" in form
    rows = client_of(boss).get(reverse("admin:automation_playbook_changelist")).content.decode()
    assert playbook.get_absolute_url() in rows


def test_a_changed_file_shows_both_hashes(client_of, boss):
    playbook = make.playbook()
    make.playbook_file(playbook.file_path, PLAY)
    page = page_of(client_of(boss), playbook)
    assert playbook.file_hash in page and playbook.current_hash() in page
    assert "Accept changed file" in page and "?playbook=" not in page


def test_a_missing_file_and_no_history_are_said(client_of, bob):
    playbook = make.playbook(is_active=False)
    playbook.path.unlink()
    page = page_of(client_of(bob), playbook)
    for words in ("Missing", "Inactive", "No runs yet", "No declared variables", "does not exist"):
        assert words in page, words


def test_a_page_of_much_history_asks_little(client_of, bob, query_ceiling):
    playbook = make.playbook(variables=VARIABLES)
    for ago in range(30):
        ran(playbook, "success", "failed", "success", ago=ago)
    client = client_of(bob)
    with query_ceiling(14):
        page_of(client, playbook)


def test_strangers_and_what_is_not_there(client_of, client, bob, charlie):
    playbook = make.playbook()
    assert client.get(playbook.get_absolute_url()).url.startswith(reverse("admin:login"))
    assert client_of(bob).get("/playbooks/99999/").status_code == 404
    assert client_of(bob).post(playbook.get_absolute_url()).status_code == 405


# --- History --------------------------------------------------------------------------------------


def test_outcomes_rates_and_medians(db):
    playbook = make.playbook()
    ran(playbook, "success", "success", seconds=10)
    ran(playbook, "success", "failed", seconds=1000)
    ran(playbook, "success", "cancelled", seconds=20)
    ran(playbook, "success", seconds=30)
    make.job(status="running", run=make.run(playbook=playbook, state="running", claim_token="t"))
    ran(make.playbook(), "failed")
    latest = playbook_history(playbook).latest
    assert [run.outcome for run in latest.runs] == [
        *("running", "success", "cancelled", "failed", "success")
    ]
    assert (latest.success_rate, latest.median_seconds) == (66, 20)
    assert latest.runs[3].failed == 1 and latest.runs[3].servers == 2


def test_by_week_with_the_oldest_first(db):
    playbook = make.playbook()
    for ago in (0, 21, 21, 200):
        ran(playbook, "success" if ago else "failed", ago=ago)
    weeks = playbook_history(playbook).weeks
    assert [(week.count, week.success_rate) for week in weeks] == [(1, 100), (2, 100), (1, 0)]
    assert all(week.start.weekday() == 0 for week in weeks)


def test_each_server_with_its_newest_job(db, monkeypatch):
    playbook = make.playbook()
    servers = [make.server(hostname=f"web{number}") for number in range(3)]
    ran(playbook, "failed", "failed", "failed", servers=servers, ago=1)
    ran(playbook, "success", servers=servers[:1])
    record = playbook_history(playbook)
    shown = [(job.server.hostname, job.status) for job in record.servers]
    assert shown == [("web0", "success"), ("web2", "failed"), ("web1", "failed")]
    monkeypatch.setattr(module, "SERVERS", 2)
    record = playbook_history(playbook)
    assert len(record.servers) == 2 and record.more_servers == 1


def test_of_too_many_only_whole_runs_and_weeks_are_counted(db, monkeypatch):
    playbook = make.playbook()
    for ago in (30, 30, 14, 0):
        ran(playbook, "success", "failed", ago=ago)
    monkeypatch.setattr(module, "JOBS", 5)  # two and a half runs
    assert [run.servers for run in playbook_history(playbook).runs] == [2, 2, None, None]
    monkeypatch.setattr(module, "JOBS", 100)
    monkeypatch.setattr(module, "RUNS", 3)
    record = playbook_history(playbook)
    assert len(record.runs) == 3 and [week.count for week in record.weeks] == [1, 1]


# --- Other files ----------------------------------------------------------------------------------


def test_what_the_file_names_besides_itself(client_of, bob):
    named = [(part.kind, part.name) for part in list_playbook_parts(PLAY.encode())]
    assert sorted(named) == sorted(
        [
            *(("playbook", "base.yml"), ("variables", "common.yml"), ("variables", "first.yml")),
            *(("variables", "second.yml"), ("role", "nginx"), ("role", "shop"), ("role", "named")),
            *(("role", "guard"), ("tasks", "tasks/{{ os }}.yml"), ("template", "a.j2")),
            *(("variables", "more.yml"), ("script", "run.sh")),
        ]
    )
    page = page_of(client_of(bob), make.playbook(PLAY))
    assert "Not covered by the hash" in page and "tasks/{{ os }}.yml" in page


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "a: 1",
        "- hosts: all\n  roles: 3\n  tasks: {a: 1}\n  vars_files: {x: y}",
        "- hosts: all\n  tasks: &a\n    - block: *a",
        "- hosts: all\n  tasks: [3, null, [x], {template: {dest: x}}, {1: 2}, {copy: {src: 5}}]",
        "- hosts: all\n  roles: [{x: y}, null, '']",
        "- hosts: all\n" + "  # x\n" * 20_000,
    ],
)
def test_odd_files_name_nothing(text):
    assert list_playbook_parts(text.encode()) == []


def test_a_long_list_of_parts_ends():
    roles = "".join(f"    - role{number}\n" for number in range(300))
    parts = list_playbook_parts(f"- hosts: all\n  roles:\n{roles}".encode())
    assert len(parts) == 100 and parts[0] == PlaybookPart("role", "role0")


# --- The API --------------------------------------------------------------------------------------


def test_the_api_has_what_the_page_has(api_of, bob):
    playbook = make.playbook(PLAY)
    make.vault_password(playbook=playbook, vault_id="prod")
    run = ran(playbook, "failed", "success", seconds=12)
    said = api_of(bob).get(f"/api/playbooks/{playbook.pk}/statistics").json()
    assert said["latest"]["success_rate"] == 0 and said["latest"]["median_seconds"] is None
    (shown,) = said["latest"]["runs"]
    assert (shown["run_id"], shown["outcome"], shown["failed"]) == (run.pk, "failed", 1)
    assert shown["duration_seconds"] == 12 and said["weeks"][0]["runs"] == 1
    assert {each["status"] for each in said["servers"]} == {"failed", "success"}
    assert {each["job_id"] for each in said["servers"]} == {
        str(job.job_id) for job in run.jobs.all()
    }

    said = api_of(bob).get(f"/api/playbooks/{playbook.pk}/source").json()
    assert said["content"] == PLAY and said["file_state"] == "unchanged"
    assert said["current_hash"] == said["accepted_hash"] == playbook.file_hash
    assert {"kind": "role", "name": "guard"} in said["parts"] and said["vault_ids"] == ["prod"]
    assert "open sesame" not in str(said)


def test_statistics_without_history(api_of, bob):
    said = api_of(bob).get(f"/api/playbooks/{make.playbook().pk}/statistics").json()
    assert said["latest"] == {"success_rate": None, "median_seconds": None, "runs": []}
    assert said["weeks"] == said["servers"] == [] and said["more_servers"] == 0
    assert not Run.objects.exists()


# --- Running it -----------------------------------------------------------------------------------


def test_ones_last_run_of_it_can_be_run_again(client_of, alice, boss):
    playbook = make.playbook()
    web1 = make.server(hostname="web1", environment="production")
    mine = ran(playbook, "success", servers=[web1], launched_by=alice)
    ran(playbook, "success", launched_by=boss)
    make.job(run=make.run(playbook=playbook, launched_by=alice))  # has not ended
    page = page_of(client_of(alice), playbook)
    assert reverse("automation:run_relaunch", args=[mine.pk]) in page
    assert "warning</span>Relaunch on web1 (production)" in page
    assert "Relaunch on" in page_of(client_of(boss), playbook)


def test_nothing_is_offered_to_who_never_ran_it_or_may_not(client_of, alice, bob):
    playbook = make.playbook()
    ran(playbook, "success", launched_by=bob)
    for person in (alice, bob):
        assert "Relaunch on" not in page_of(client_of(person), playbook)


def test_each_row_of_the_list_has_a_run_button(client_of, alice, bob):
    playbook, changed = make.playbook(name="Deploy"), make.playbook(name="Changed")
    make.playbook_file(changed.file_path, PLAY)
    path = reverse("admin:automation_playbook_changelist")
    page = client_of(alice).get(path).content.decode()
    assert f"{reverse('automation:job_launch')}?playbook={playbook.pk}" in page
    assert 'aria-label="Run Deploy"' in page and 'aria-label="Run Changed"' not in page
    assert 'aria-label="Run Deploy"' not in client_of(bob).get(path).content.decode()
