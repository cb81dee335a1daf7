"""Why a run waits: the same words on the launch form, on pages, in the API and in the terminal."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse

from automation.models import ServerLock, Worker
from automation.models.waiting import blockers, why_it_waits
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def web():
    return make.server(hostname="web")


def holding(*servers):
    run = make.run(state="running", claim_token=f"token of {servers[0]}")
    for server in servers:
        make.job(run=run, server=server, status="running")
        ServerLock.objects.create(server=server, run=run)
    return run


def test_with_nothing_before_it_it_waits_for_a_worker(web):
    run = make.job(server=web).run
    assert why_it_waits(run) == ["No worker is alive. Start one: manage.py run_worker"]
    Worker.objects.beat()
    assert why_it_waits(run) == ["Waiting for a worker."]
    assert blockers(run) == []


def test_each_server_is_named_with_whoever_is_there_or_comes_first(web):
    db, app, free = (make.server(hostname=name) for name in ("db", "app", "free"))
    holder, _older, before = holding(web), make.job(server=db).run, make.job(server=db).run
    run = make.run()
    for server in (web, db, app, free):
        make.job(run=run, server=server)
    make.job(server=app)  # behind it
    assert blockers(run) == [
        f"web is held by run {holder.pk}.",
        f"Run {before.pk} comes first on db.",
    ]


def test_of_many_the_first_are_named(web):
    servers = [make.server(hostname=f"node{number}") for number in range(7)]
    runs = [holding(server) for server in servers]
    run = make.run()
    for server in servers:
        make.job(run=run, server=server)
    names = ", ".join(f"node{number}" for number in range(5))
    numbers = ", ".join(f"run {each.pk}" for each in runs[:5])
    assert blockers(run) == [f"{names} and 2 more are held by {numbers} and 2 more."]


def test_it_costs_the_same_for_many_servers(web, query_ceiling):
    others, run = make.run(), make.run()
    for _ in range(30):
        server = make.server()
        make.job(run=others, server=server)
        make.job(run=run, server=server)
    with query_ceiling(6):
        assert len(why_it_waits(run)) == 2


def test_form_api_command_and_pages_say_it_in_the_same_words(client_of, api_of, alice, web):
    Worker.objects.beat()
    holder, playbook = holding(web), make.playbook()
    said = f"web is held by run {holder.pk}."
    chosen = {"playbook": playbook.pk, "servers": [web.pk], "forks": 5, "verbosity": 0}
    chosen |= {"deadline_seconds": 3600, "key": "k1"}
    plan = client_of(alice).post(reverse("automation:job_launch_plan"), chosen)
    assert f"The run will wait: {said}" in plan.content.decode()
    asked = {"playbook_id": playbook.pk, "server_id": web.pk, "dry_run": True}
    told = api_of(alice).post("/api/jobs", asked, format="json").json()
    assert told["waits_for"] == [f"The run will wait: {said}"]
    printed = StringIO()
    command = ("run_playbook", playbook.name, "--server=web", "--user=alice", "--dry-run")
    call_command(*command, stdout=printed)
    assert f"The run will wait: {said}" in printed.getvalue()
    job = make.job(server=web)
    for page in (job.get_absolute_url(), job.run.get_absolute_url()):
        assert said in client_of(alice).get(page).content.decode()
