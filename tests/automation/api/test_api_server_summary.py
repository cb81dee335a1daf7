"""GET /api/servers/<id>/summary, and forgetting a host key through the API."""

from audit.models import AuditLog
from automation.models import Playbook, ServerLock
from tests import make


def test_a_new_server_has_none_of_it(api_of, bob):
    server = make.server()
    assert api_of(bob).get(f"/api/servers/{server.pk}/summary").json() == {
        "server_id": server.pk,
        "last_job": None,
        "last_check": None,
        "recent_jobs": 0,
        "recent_succeeded": 0,
        "recent_failed": 0,
        "success_percent": None,
        "held_by_run": None,
    }


def test_it_counts_the_last_jobs_and_names_the_last_ones(api_of, bob):
    server = make.server()
    check = make.run(playbook=Playbook.objects.connection_check(), state="finished")
    checked = make.job(server=server, status="success", run=check)
    make.job(server=server, status="failed")
    running = make.job(server=server, status="running")
    ServerLock.objects.create(server=server, run=running.run)
    found = api_of(bob).get(f"/api/servers/{server.pk}/summary").json()
    assert found["last_job"]["job_id"] == str(running.job_id)
    assert found["last_check"]["status"] == "success"
    assert found["last_check"]["job_id"] == str(checked.job_id)
    assert (found["recent_jobs"], found["recent_succeeded"], found["recent_failed"]) == (3, 1, 1)
    assert (found["success_percent"], found["held_by_run"]) == (50, running.run_id)


def test_an_unknown_server(api_of, bob):
    assert api_of(bob).get("/api/servers/99999/summary").status_code == 404


def test_a_host_key_is_forgotten_once(api_of, boss):
    server = make.server(host_key="ssh-ed25519 QUJD")
    path = f"/api/servers/{server.pk}/forget-host-key"
    assert api_of(boss).post(path).json()["host_key"] == ""
    assert AuditLog.objects.about(server).get().action == "server.host_key_forgotten"
    assert api_of(boss).post(path).status_code == 409
