"""Lists: cells filter, active filters are shown, and invalid ones are reported."""

from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib import admin
from django.urls import reverse
from django.utils import timezone

from automation.models import Job, jobs
from console.lists import ConsoleAdmin, rows
from tests import make

JOBS = reverse("admin:automation_job_changelist")
SERVERS = reverse("admin:inventory_server_changelist")
PLAYBOOKS = reverse("admin:automation_playbook_changelist")
RUNS = reverse("admin:automation_run_changelist")
TICKETS = reverse("admin:tickets_ticket_changelist")
TRAIL = reverse("admin:audit_auditlog_changelist")


def cell_links(page):
    """The query of each cell's link, as {name: [values]}."""
    parts = page.split('class="io-narrowing" href="')[1:]
    return [parse_qs(urlsplit(unescape(part.partition('"')[0])).query) for part in parts]


def shown(answer):
    return list(answer.context["cl"].result_list)


def chips(answer):
    return [(chip.name, chip.value) for chip in answer.context["cl"].chips]


@pytest.mark.parametrize(
    ("column", "query"),
    [
        ("status", {"status__exact": ["failed"]}),
        ("failure", {"failure_kind__exact": ["task_failed"]}),
        ("environment", {"server__environment": ["production"]}),
        ("server", {"server__id__exact": ["{0.server_id}"]}),
        ("playbook", {"playbook__id__exact": ["{0.playbook_id}"]}),
        ("user", {"user__id__exact": ["{0.user_id}"]}),
    ],
)
def test_each_cell_of_a_job_leads_to_the_jobs_like_it(client_of, bob, column, query):
    job = make.job(status="failed", server=make.server(environment="production"))
    make.job(status="success")
    client = client_of(bob)
    wanted = {name: [value.format(job) for value in values] for name, values in query.items()}
    assert wanted in cell_links(client.get(JOBS).content.decode())
    answer = client.get(JOBS, wanted)
    assert shown(answer) == [job] and len(chips(answer)) == 1


@pytest.mark.parametrize("few", [0, 1000])
def test_jobs_by_environment_whether_it_has_many_servers_or_few(
    client_of, api_of, bob, monkeypatch, few
):
    monkeypatch.setattr(jobs, "FEW_SERVERS", few)
    found = [make.job(server=make.server(environment="production")) for _ in range(2)][::-1]
    make.job(server=make.server(environment="staging", tags={"role": "db"}))
    query = {"server__environment": "production"}
    (tagged,) = shown(client_of(bob).get(JOBS, {"tag": "role:db"}))
    assert tagged.server.environment == "staging"
    assert shown(client_of(bob).get(JOBS, query)) == found
    assert shown(client_of(bob).get(JOBS, {**query, "status__exact": "pending"})) == found
    rows = api_of(bob).get("/api/jobs", {"environment": "Production"}).json()["results"]
    assert [row["job_id"] for row in rows] == [str(job.job_id) for job in found]


def test_servers_by_the_newest_job_on_them(client_of, bob):
    good, bad, new = (make.server(hostname=f"{name}.example") for name in ("good", "bad", "new"))
    make.job(server=good, status="failed"), make.job(server=bad, status="success")
    newest = make.job(server=good, status="success")
    make.job(server=bad, status="failed")
    client = client_of(bob)
    page = client.get(SERVERS).content.decode()
    assert newest.get_absolute_url() in page
    assert {"last_job": ["failed"]} in cell_links(page)
    for status, server in (("success", good), ("failed", bad), ("none", new)):
        answer = client.get(SERVERS, {"last_job": status})
        assert shown(answer) == [server]
        assert chips(answer) == [("last job", {"none": "None yet"}.get(status, status.title()))]


def test_no_filter_offers_a_choice_that_does_nothing(client_of, bob):
    for path, name in ((JOBS, "failure_kind__exact"), (RUNS, "outcome__exact")):
        page = client_of(bob).get(path).content.decode()
        boxes = [tag for tag in page.split("<input")[1:] if f'name="{name}"' in tag]
        assert boxes and not any('value=""' in tag.partition(">")[0] for tag in boxes)


def test_a_day_is_a_filter_too(client_of, bob):
    noon = timezone.make_aware(timezone.datetime(2026, 3, 10, 12))
    job = make.job(created_at=noon)
    make.job(created_at=noon.replace(day=11))
    day = {"created_at_from_0": ["2026-03-10"], "created_at_to_0": ["2026-03-11"]}
    client = client_of(bob)
    assert day in cell_links(client.get(JOBS).content.decode())
    answer = client.get(JOBS, day)
    assert shown(answer) == [job] and chips(answer) == [("created", "2026-03-10")]


def test_a_click_adds_to_what_narrows_already_and_keeps_the_search(client_of, bob):
    job = make.job(status="failed", server=make.server(hostname="web1.example"))
    given = {"q": "web1", "o": "-8", "status__exact": "failed", "p": "1"}
    links = cell_links(client_of(bob).get(JOBS, given).content.decode())
    kept = {"q": ["web1"], "o": ["-8"], "status__exact": ["failed"]}
    assert {**kept, "user__id__exact": [str(job.user_id)]} in links
    # If the list is narrowed like that already, there is nothing to click.
    assert kept not in links


def test_what_narrows_is_shown_in_words_and_removed_one_by_one(client_of, bob):
    job = make.job(status="failed", playbook=make.playbook(name="Deploy"))
    make.job(status="success", playbook=job.playbook)
    query = {"status__exact": ["failed", "success"], "playbook__id__exact": job.playbook_id}
    client = client_of(bob)
    answer = client.get(JOBS, {**query, "q": "deploy", "failure_kind__exact": ""})
    assert sorted(chips(answer)) == [
        ("playbook", "Deploy"),
        ("search", "“deploy”"),
        ("status", "Failed"),
        ("status", "Success"),
    ]
    without = {chip.value: chip.without for chip in answer.context["cl"].chips}
    rest = parse_qs(without["Failed"].removeprefix("?"))
    assert rest["status__exact"] == ["success"] and rest["q"] == ["deploy"]
    assert "q" not in parse_qs(without["“deploy”"].removeprefix("?"))
    assert client.get(JOBS).context["cl"].chips == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"is_active__exact": "1"}, ("active", "yes")),
        ({"tag": "role:web"}, ("tag", "role:web")),
        ({"environment": "staging"}, ("environment", "staging")),
        ({"os_type": "Debian"}, ("OS", "Debian")),
        ({"id__lt": "7000"}, ("older than", "number 7000")),
    ],
)
def test_chips_of_servers(client_of, bob, query, said):
    server = make.server(environment="staging", os_type="Debian", tags={"role": "web"})
    make.server(environment="production", os_type="Plan 9", is_active=False)
    answer = client_of(bob).get(SERVERS, query)
    assert chips(answer) == [said]
    assert server in shown(answer) and ("id__lt" in query or len(shown(answer)) == 1)


def test_each_tag_of_a_server_is_a_filter(client_of, bob):
    tags = {"role": ["web", "db"], "canary": True, "old": False, "tier": 1}
    server = make.server(hostname="a.example", tags=tags)
    make.server(hostname="b.example", tags={"role": "mail", "tier": 2})
    client = client_of(bob)
    links = cell_links(client.get(SERVERS).content.decode())
    found = [tag for query in links for tag in query.get("tag", ())]
    ours = {"role=web", "role=db", "canary", "old=false", "tier=1"}
    assert set(found) == ours | {"role=mail", "tier=2"}
    for tag in (*ours, "role:web", "tier:1"):  # the last two as in old links
        assert shown(client.get(SERVERS, {"tag": tag})) == [server], tag


def test_playbooks_by_tag_and_by_what_became_of_their_file(client_of, bob):
    changed, same = make.playbook(tags=["web", "slow"]), make.playbook(tags=["we"])
    make.playbook_file(changed.file_path, "- hosts: none\n")
    client = client_of(bob)
    assert shown(client.get(PLAYBOOKS, {"tag": "web"})) == [changed]
    answer = client.get(PLAYBOOKS, {"file": "changed"})
    assert shown(answer) == [changed] and chips(answer) == [("file", "Changed")]
    assert same in shown(client.get(PLAYBOOKS, {"file": "unchanged"}))


def test_tickets_of_somebody_and_of_nobody(client_of, alice):
    mine, free = make.ticket(assigned_to=alice), make.ticket()
    client = client_of(alice)
    links = cell_links(client.get(TICKETS).content.decode())
    assert {"assigned_to__id__exact": [str(alice.pk)]} in links
    assert {"assigned_to__isnull": ["True"]} in links
    answer = client.get(TICKETS, {"assigned_to__isnull": "True"})
    assert shown(answer) == [free] and chips(answer) == [("assigned to", "none")]
    answer = client.get(TICKETS, {"assigned_to__id__exact": alice.pk})
    assert shown(answer) == [mine] and chips(answer) == [("assigned to", "alice")]


def test_runs_and_the_trail(client_of, boss, alice):
    run = make.run(launched_by=alice)
    make.run()
    answer = client_of(boss).get(RUNS, {"launched_by__id__exact": alice.pk})
    assert shown(answer) == [run]
    line = make.audit_line("job.cancelled", actor=alice)
    make.audit_line("job.finished")
    client = client_of(boss)
    for query in ({"action__exact": line.action}, {"user__id__exact": alice.pk}):
        assert shown(client.get(TRAIL, query)) == [line]
    assert line not in shown(client.get(TRAIL, {"user__isnull": "True"}))


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ({"playbook__id__exact": "deploy"}, {}),
        (
            {"playbook__id__exact": "deploy", "status__exact": "failed", "q": "x"},
            {"status__exact": ["failed"], "q": ["x"]},
        ),
        ({"created_at_from_0": "soon", "status__exact": "failed"}, {"status__exact": ["failed"]}),
        ({"moon": "full"}, {}),
        # Values that are not shown cannot be guessed either.
        ({"extra_vars__token__startswith": "a"}, {}),
        ({"server__variables__icontains": "hunter2"}, {}),
        ({"user__password__startswith": "bcrypt"}, {}),
    ],
)
def test_a_filter_that_cannot_be_is_named_and_the_others_stay(client_of, bob, query, kept):
    client = client_of(bob)
    answer = client.get(JOBS, query)
    assert answer.status_code == 302
    assert parse_qs(urlsplit(answer.url).query) == kept
    said = unescape(client.get(answer.url).content.decode())
    assert f"this list cannot use: “{next(iter(query))}=" in said


def test_two_filters_that_only_together_cannot_be_do_not_go_round_in_circles(client_of, bob):
    query = {"created_at_from_0": "2026-03-10", "created_at_from_1": "noon"}
    assert client_of(bob).get(JOBS, query).url == JOBS


def test_a_page_that_is_not_there_leads_to_the_first(client_of, bob):
    make.job(status="failed")
    answer = client_of(bob).get(JOBS, {"status__exact": "failed", "p": "99"})
    assert answer.status_code == 200 or answer.url.endswith("?status__exact=failed")


def test_a_list_too_long_to_be_paged_through_goes_on_from_its_last_row(client_of, bob, monkeypatch):
    monkeypatch.setattr(rows, "COUNTED_ROWS", 4)
    monkeypatch.setattr(admin.site._registry[Job], "list_per_page", 2)
    jobs = [make.job(status="success") for _ in range(7)][::-1]
    client = client_of(bob)
    assert client.get(JOBS).context["cl"].older() == ""
    answer = client.get(JOBS, {"p": "2", "status__exact": "success"})
    assert shown(answer) == jobs[2:4]
    older = answer.context["cl"].older()
    assert f"id__lt={jobs[3].pk}" in older and older in unescape(answer.content.decode())
    assert shown(client.get(JOBS + older)) == jobs[4:6]


@pytest.mark.parametrize(
    "model_admin",
    [each for each in admin.site._registry.values() if isinstance(each, ConsoleAdmin)],
    ids=lambda each: each.opts.label,
)
def test_every_cell_that_filters_is_a_column_and_may_filter(rf, boss, model_admin):
    request = rf.get("/")
    request.user = boss
    cell_filters = model_admin.get_cell_filters()
    assert set(cell_filters) <= set(model_admin.get_list_display(request))
    for narrowing in cell_filters.values():
        assert model_admin.lookup_allowed(narrowing.parameter, "1", request)


@pytest.mark.parametrize("text", ["x" * 60_000, "many words " * 500])
@pytest.mark.parametrize("path", [JOBS, SERVERS, PLAYBOOKS, RUNS, TICKETS, TRAIL])
def test_a_search_that_is_too_long_is_reported(client_of, boss, path, text):
    answer = client_of(boss).get(path, {"q": text}, follow=True)
    assert answer.status_code == 200 and answer.redirect_chain == [(path, 302)]
    assert "Ignored a filter that this list cannot use" in answer.content.decode()


@pytest.mark.parametrize(
    ("path", "name"),
    [(TRAIL, "action__startswith"), (SERVERS, "tag"), (JOBS, "server__environment")],
)
def test_any_other_filter_that_is_too_long_is_reported(client_of, boss, path, name):
    answer = client_of(boss).get(path, {name: "x" * 60_000}, follow=True)
    assert answer.status_code == 200
    assert "Ignored a filter that this list cannot use" in answer.content.decode()


@pytest.mark.parametrize("text", ["x" * 60_000, "many words " * 500])
def test_everything_else_that_searches_takes_long_texts(client_of, api_of, boss, text):
    client, api = client_of(boss), api_of(boss)
    assert client.get(reverse("command_search"), {"s": text}).status_code == 200
    pick = {"app_label": "automation", "model_name": "job", "field_name": "server", "term": text}
    assert client.get(reverse("admin:autocomplete"), pick).json()["results"] == []
    found = client.post(reverse("automation:job_launch_servers"), {"q": text})
    assert "No active server matches." in found.content.decode()
    plan = client.post(reverse("automation:job_launch_plan"), {"search": text})
    assert "at most 255 characters" in plan.content.decode()
    for kind in ("servers", "playbooks", "credentials", "users", "tickets"):
        answer = api.get(f"/api/{kind}", {"search": text})
        assert answer.status_code == 400 and "search" in answer.json()["fields"], kind
    assert api.get("/api/servers", {"tag": text}).status_code == 400
    given = {"playbook_id": make.playbook().pk, "search": text}
    assert api.post("/api/jobs", given).status_code == 400


def test_a_search_as_long_as_a_name_may_be_still_finds_it(client_of, api_of, boss):
    name = ".".join(["a" * 63] * 3 + ["b" * 63])
    make.server(hostname=name)
    assert len(shown(client_of(boss).get(SERVERS, {"q": name}))) == 1
    assert api_of(boss).get("/api/servers", {"search": name}).json()["count"] == 1
