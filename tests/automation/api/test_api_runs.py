"""/api/runs: list, detail, matrix, and the verbs."""

import pytest

from automation.models import Job, Outcome, Run
from tests import make

pytestmark = pytest.mark.django_db


def test_the_list_is_newest_first_and_narrowed(api_of, bob):
    job = make.job(status="failed")
    make.job(), make.job(status="running")
    api = api_of(bob)
    found = api.get("/api/runs").json()["results"]
    assert [run["id"] for run in found] == list(Run.objects.values_list("id", flat=True))
    assert len(api.get("/api/runs?state=running").json()["results"]) == 1
    Run.objects.filter(pk=job.run_id).update(outcome="failed")
    (run,) = api.get("/api/runs?outcome=failed").json()["results"]
    assert (run["id"], run["playbook"]) == (job.run_id, job.playbook.name)
    assert api.get("/api/runs?colour=red").status_code == 400


def test_the_rows_do_not_cost_queries(api_of, bob, query_ceiling):
    for _ in range(8):
        make.job()
    api = api_of(bob)
    with query_ceiling(7):
        api.get("/api/runs")


def test_one_says_what_it_was_and_hides_secrets(api_of, bob):
    run = make.run(tags="web", extra_vars={"version": "2", "token": {"$encrypted": "gAAAAA"}})
    make.job(run=run, status="failed", server=make.server(environment="production"))
    make.job(run=run, status="success")
    told = api_of(bob).get(f"/api/runs/{run.pk}").json()
    assert told["options"] == {"tags": "web"} and told["jobs"] == {"success": 1, "failed": 1}
    assert told["environments"] == {"production": 1, "development": 1}
    assert told["production_count"] == 1
    assert told["extra_vars"] == {"version": "2", "token": "********"}


def test_its_table(api_of, bob):
    run = make.run(state="running")
    good, bad = (make.job(run=run, status=status) for status in ("success", "failed"))
    make.task_results(good, "ok", "changed")
    make.task_results(bad, "unreachable")
    told = api_of(bob).get(f"/api/runs/{run.pk}/matrix").json()
    assert (told["server_count"], told["task_count"], told["state"]) == (2, 2, "running")
    assert [task["task"] for task in told["tasks"]] == ["Task 1", "Task 2"]
    assert [task["failed_on"] for task in told["tasks"]] == [1, 0]
    assert [row["server"] for row in told["servers"]] == [str(bad.server), str(good.server)]
    assert told["servers"][0]["cells"] == [{"number": 1, "status": "unreachable"}, None]
    assert told["servers"][1]["counts"]["changed"] == 0
    narrowed = api_of(bob).get(f"/api/runs/{run.pk}/matrix?status=success&task=2").json()
    assert [row["cells"] for row in narrowed["servers"]] == [[{"number": 2, "status": "changed"}]]
    assert api_of(bob).get(f"/api/runs/{run.pk}/matrix?hosts=x").status_code == 400


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("hosts=2", "hosts: There is no page 2."),
        ("tasks=9", "tasks: There is no page 9."),
        ("tasks=0", "tasks: Must be a whole number from 1 to 99999."),
        ("status=lost", "status: One of: pending, running, "),
        ("status=", "status: One of: "),
        ("only=odd", "only: One of: failed, changed."),
        ("task=" + "x" * 256, "task: At most 255 characters."),
    ],
)
def test_its_table_ignores_no_wrong_value(api_of, bob, query, said):
    """The page does: its URL may be old. A program would take another table for its own."""
    run = make.job(status="failed").run
    answer = api_of(bob).get(f"/api/runs/{run.pk}/matrix?{query}")
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(said)


def test_it_is_cancelled_once(api_of, alice, bob):
    run = make.job().run
    path = f"/api/runs/{run.pk}/cancel"
    assert api_of(bob).post(path).status_code == 403
    assert api_of(alice).post(path).json()["outcome"] == "cancelled"
    assert api_of(alice).post(path).status_code == 409


def test_it_is_done_once_more(api_of, alice):
    run = make.job(status="failed").run
    answer = api_of(alice).post(f"/api/runs/{run.pk}/relaunch", {"only": "failed"})
    assert answer.status_code == 201, answer.json()
    again = Run.objects.get(pk=answer.json()["run_id"])
    assert again.relaunch_of == run and Job.objects.filter(run=again).count() == 1
    assert api_of(alice).get(f"/api/runs/{run.pk}").json()["relaunches"] == [again.pk]


def test_the_worst_end_of_its_jobs_is_its_outcome(alice):
    run = make.run()
    jobs = [make.job(run=run) for _ in range(2)]
    run.claim({job.server_id for job in jobs})
    failed = Outcome.failed(Job.FailureKind.TASK_FAILED, "x")
    assert run.finish({jobs[0].pk: failed}, Outcome(Job.Status.SUCCESS))
    assert run.outcome == Run.objects.get().outcome == run.status == "failed"
