"""The tests' own machinery fails when it should."""

import subprocess

import pytest
from django.db import DatabaseError, connection
from django.template import Context, Engine

from audit.models import AuditLog
from automation.models import Job
from tests import make
from tests.invalid_variables import Complaint, InvalidVariable


def test_one_row_a_call(db):
    for status in Job.Status.values:
        assert make.job(status=status).run.state
    make.ticket(), make.occurrence(make.ticket()), make.api_key(), make.audit_line()
    job = make.job()
    make.log_lines(job, "one", "two")
    assert [line.line_number for line in make.log_lines(job, "three")] == [3]
    assert make.playbook().current_hash() is not None


def test_the_scenery_leaves_no_audit_lines(db):
    before = AuditLog.objects.count()
    make.job(server=make.server())
    assert AuditLog.objects.count() == before


@pytest.mark.parametrize("time", [1, 2])
def test_a_test_that_commits_leaves_nothing(transactional_db, time):
    assert not AuditLog.objects.filter(action="job.started").exists()
    assert not Job.objects.exists()
    job = make.job()
    line = make.audit_line("job.started", job, actor=job.user)
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_logs WHERE id = %s", [line.pk])


@pytest.mark.slow
@pytest.mark.on_either
def test_ssh_lets_in_by_its_key(sshd, tmp_path):
    known = tmp_path / "known_hosts"
    known.write_text(f"[127.0.0.1]:{sshd.port} {sshd.host_key}\n")
    ssh = ["ssh", "-F", "none", "-o", f"UserKnownHostsFile={known}", "-o", "BatchMode=yes"]
    where = ["-i", str(sshd.key_file), "-p", str(sshd.port), f"{sshd.user}@127.0.0.1"]
    said = subprocess.run([*ssh, *where, "echo hello"], capture_output=True, text=True)
    assert (said.stdout, said.stderr) == ("hello\n", "")


@pytest.mark.slow
@pytest.mark.on_either
def test_a_worker_starts_and_ends(qcluster):
    assert qcluster.stop() == 0


@pytest.mark.slow
@pytest.mark.on_either
def test_a_worker_on_redis_starts_and_ends(redis_qcluster):
    assert redis_qcluster.stop() == 0


@pytest.mark.slow
@pytest.mark.on_either
def test_mariadb_comes_back_with_its_data(mariadb):
    mariadb.stop()
    mariadb.start()
    assert mariadb.url.endswith(f":{mariadb.port}/infraops")


def render(text: str, folder) -> str:
    engine = Engine(dirs=[folder], string_if_invalid=Complaint())
    (folder / "page.html").write_text(text)
    return engine.get_template("page.html").render(Context({"here": ""}))


def test_a_package_may_name_what_is_not_there(tmp_path):
    assert render('[{{ gone }}{{ gone.deeper|default:"-" }}]', tmp_path) == "[-]"


def test_a_template_of_ours_may_not(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.invalid_variables.ROOT", tmp_path)
    with pytest.raises(InvalidVariable, match="gone"):
        render("{{ gone }}", tmp_path)
    assert render('{{ here|default:"-" }}{% if gone %}x{% endif %}', tmp_path) == "-"


@pytest.mark.slow
@pytest.mark.on_either
def test_a_page_that_asks_another_host_is_noticed(page, complaints):
    page.set_content('<img src="http://elsewhere.invalid/x.png"><script>nonsense()</script>')
    page.wait_for_load_state("networkidle")
    assert [complaint.split()[0] for complaint in sorted(complaints)] == ["request", "script"]
    complaints.clear()
