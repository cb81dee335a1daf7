"""The real queue: django-q2 clusters in processes of their own."""

from collections.abc import Callable

import pytest
from django_q.tasks import async_task

from audit.models import AuditLog
from automation.models import Job, Run, Worker
from tests import make
from tests.automation.running import lines_of, text_of
from tests.private_servers import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def finished(run: Run) -> Job:
    """The job of a one-server run, once the run has ended."""

    def ended() -> bool:
        run.refresh_from_db()
        return run.state == Run.State.FINISHED

    wait_until(ended, seconds=60, what=f"the end of {run}")
    return Job.objects.recent().get(run=run)


def test_a_launch_runs_in_the_worker(qcluster, alice) -> None:
    run = make.launch(make.playbook(make.HELLO), alice, [make.localhost()])

    job = finished(run)

    assert job.status == Job.Status.SUCCESS, job.error_message
    assert "hello" in text_of(job)
    assert job.task_id
    assert run.worker_pid not in (None, qcluster.process.pid)


def test_the_same_wake_up_many_times_is_one_run(qcluster, alice) -> None:
    run = make.launch(make.playbook(make.HELLO), alice, [make.localhost()])
    for _ in range(5):
        async_task("automation.tasks.run_next")

    job = finished(run)
    last = make.launch(make.playbook(make.HELLO), alice, [make.localhost()])
    finished(last)  # the queue is ordered, so all duplicate wake-ups have been handled by now

    assert text_of(job).count("PLAY RECAP") == 1
    assert AuditLog.objects.about(run).filter(action="run.started").count() == 1
    assert AuditLog.objects.about(job).filter(action="job.finished").count() == 1


def test_two_workers_share_the_runs_and_none_runs_twice(command: Callable, alice) -> None:
    clusters = [command("run_worker", WORKERS="1") for _ in range(2)]
    for cluster in clusters:
        cluster.wait_for(" running.")
    runs = [make.launch(make.playbook(make.HELLO), alice, [make.localhost()]) for _ in range(6)]

    jobs = [finished(run) for run in runs]

    assert {job.status for job in jobs} == {Job.Status.SUCCESS}
    assert AuditLog.objects.filter(action="run.started").count() == 6
    for job in jobs:
        assert len([line for line in lines_of(job) if "PLAY RECAP" in line]) == 1
    for cluster in clusters:
        cluster.stop()


def test_two_runs_on_one_server_wait_for_each_other(qcluster, alice) -> None:
    server = make.localhost()
    pause = [
        {
            "hosts": "all",
            "gather_facts": False,
            "tasks": [{"name": "Pause", "ansible.builtin.raw": "sleep 1"}],
        }
    ]
    first, second = (make.launch(make.playbook(pause), alice, [server]) for _ in range(2))

    earlier, later = finished(first), finished(second)

    assert earlier.completed_at <= later.started_at


def test_a_wake_up_over_redis_runs_it_too(redis_qcluster, redis_server, alice, command) -> None:
    make.playbook(make.HELLO, name="hello")
    make.localhost(hostname="here")
    launch = command(
        "run_playbook", "hello", "--server=here", "--user=alice", REDIS_URL=redis_server.url
    )

    assert launch.process.wait(60) == 0, launch.printed
    assert "here: Success" in launch.printed


def test_a_new_worker_is_known_before_its_first_task(qcluster) -> None:
    wait_until(Worker.objects.exists, seconds=10, what="a worker's row")

    assert Worker.objects.first().is_alive


def test_a_running_job_is_finished_before_the_worker_ends(qcluster, alice) -> None:
    pause = [
        {
            "hosts": "all",
            "gather_facts": False,
            "tasks": [{"name": "Pause", "ansible.builtin.raw": "sleep 2"}],
        }
    ]
    run = make.launch(make.playbook(pause), alice, [make.localhost()])
    wait_until(lambda: Run.objects.running().exists(), seconds=30, what="the start")

    assert qcluster.stop() == 0

    assert finished(run).status == Job.Status.SUCCESS
