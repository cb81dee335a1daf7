"""What plays leave beside their playbook is kept, whatever it is called and whatever goes wrong."""

import os
import stat
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from audit.models import AuditLog
from automation.execution import artifacts
from automation.execution.artifacts import keep_artifacts, signatures
from automation.models import Job, Run, RunArtifact
from automation.models.artifacts import artifact_folder
from tests import make
from tests.automation.running import claimed, run_one, text_of

pytestmark = pytest.mark.django_db
HOSTILE = "<img src=x onerror=alert(1)>.txt"


def play(*tasks: dict) -> list[dict]:
    return [{"hosts": "all", "gather_facts": False, "tasks": list(tasks)}]


def sh(command: str) -> dict:
    return {"ansible.builtin.raw": command, "name": "Leave"}


def left(content: str = "left", **fields: str) -> RunArtifact:
    return make.artifact(make.job(status="success").run, content, **fields)


def paths(run: Run) -> list[str]:
    return [artifact.path for artifact in run.artifacts.all()]


@pytest.fixture
def run():
    """A claimed run, as only its holder may write about it."""
    return claimed(None)


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def kept(run: Run, project: Path, before=None, cache=None) -> list[str]:
    keep_artifacts(run, project, before or {}, cache, str, lambda: None)
    run.refresh_from_db()
    return paths(run)


@pytest.mark.slow
@pytest.mark.on_either
def test_new_files_are_kept_in_private_files(settings):
    make.playbook_file("files/known.txt", "known")
    job = run_one(
        play(
            sh("mkdir -p out/deep && echo report > out/deep/report.txt && echo top > top.txt"),
            {
                "ansible.builtin.copy": {
                    "content": "copied",
                    "dest": "{{ playbook_dir }}/copied.txt",
                }
            },
            sh("echo through > files/through.txt && ln -s /etc/passwd link && mkfifo pipe"),
        )
    )
    assert job.status == Job.Status.SUCCESS, text_of(job)
    assert paths(job.run) == ["copied.txt", "out/deep/report.txt", "top.txt"]
    report = job.run.artifacts.get(number=2)
    assert report.file.read_text() == "report\n" and report.size == 7
    assert stat.S_IMODE(report.file.stat().st_mode) == 0o600
    folders = [report.file.parent, report.file.parent.parent]
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in folders] == [0o700] * 2
    # what is written through a link is where the link leads
    assert (settings.PLAYBOOK_ROOT / "files" / "through.txt").exists()
    assert job.run.artifacts_note == "" and list(Path(settings.RUN_ROOT).iterdir()) == []


@pytest.mark.slow
@pytest.mark.on_either
def test_a_file_that_a_play_replaces_is_kept_and_the_original_stays(settings):
    original = make.playbook_file("settings.ini", "before")
    task = {"ansible.builtin.copy": {"content": "after", "dest": "{{ playbook_dir }}/settings.ini"}}
    job = run_one(play({**task, "name": "Replace"}))
    assert job.status == Job.Status.SUCCESS, text_of(job)
    if paths(job.run):
        assert paths(job.run) == ["settings.ini"] and original.read_text() == "before"
    else:  # written through the link, as without InfraOps
        assert original.read_text() == "after"


@pytest.mark.slow
@pytest.mark.on_either
def test_what_an_imported_playbook_leaves_beside_itself_is_kept_too(settings):
    for name in ("plays/site.yml", "plays/deep/x/more.yml"):
        make.playbook_file(name, play(sh("touch {{ playbook_dir }}/left")))
    imports = [{"import_playbook": f"plays/{name}"} for name in ("site.yml", "deep/x/more.yml")]
    job = run_one(imports)
    assert job.status == Job.Status.SUCCESS, job.error_message
    assert paths(job.run) == ["plays/deep/x/left", "plays/left"]
    assert not list(settings.PLAYBOOK_ROOT.rglob("left"))


@pytest.mark.slow
@pytest.mark.on_either
def test_a_failed_run_keeps_what_it_has_left():
    job = run_one(play(sh("echo half > half.txt"), {"ansible.builtin.fail": {"msg": "no"}}))
    assert job.status == Job.Status.FAILED and paths(job.run) == ["half.txt"]


@pytest.mark.slow
@pytest.mark.on_either
def test_a_full_or_missing_disk_of_artifacts_does_not_change_the_outcome(settings):
    settings.STATE_ROOT.mkdir()
    (settings.STATE_ROOT / "artifacts").write_text("in the way")
    job = run_one(play(sh("echo lost > lost.txt")))
    assert job.status == Job.Status.SUCCESS, text_of(job)
    assert job.run.artifacts_note == "Not kept: lost.txt (File exists)."
    assert paths(job.run) == []


@pytest.fixture
def small_state_root(settings, tmp_path):
    """STATE_ROOT on a disk of one megabyte."""
    settings.STATE_ROOT = tmp_path / "small"
    settings.STATE_ROOT.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(settings.STATE_ROOT)], check=True
    )
    yield
    subprocess.run(["umount", str(settings.STATE_ROOT)], check=True)


@pytest.mark.as_root
@pytest.mark.slow
@pytest.mark.on_either
def test_what_finds_no_room_is_named_and_the_rest_is_kept(small_state_root):
    job = run_one(play(sh("head -c 3000000 /dev/zero > big; echo a > a.txt; echo z > z.txt")))
    assert job.status == Job.Status.SUCCESS, text_of(job)
    assert paths(job.run) == ["a.txt", "z.txt"]
    assert job.run.artifacts_note == "Not kept: big (No space left on device)."


@pytest.mark.slow
@pytest.mark.on_either
def test_nothing_is_kept_if_nothing_is_new(settings):
    job = run_one(play(sh("true")))
    assert paths(job.run) == [] and not artifact_folder(job.run_id).exists()


def test_links_and_special_files_are_never_followed(run, project, tmp_path):
    (tmp_path / "secret").write_text("secret")
    (project / "link").symlink_to(tmp_path / "secret")
    (project / "folder").symlink_to(tmp_path)
    os.mkfifo(project / "pipe")
    (project / "file").write_text("x")
    assert kept(run, project) == ["file"]


def test_a_file_exchanged_for_a_link_meanwhile_is_not_followed(run, project, tmp_path, monkeypatch):
    (tmp_path / "secret").write_text("secret")
    (project / "a").symlink_to(tmp_path / "secret")
    monkeypatch.setattr(artifacts, "new_files", lambda *_: ["a"])
    assert kept(run, project) == []
    assert run.artifacts_note.startswith("Not kept: a (")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (HOSTILE.encode(), HOSTILE),
        (b"line\nbreak", "line\\nbreak"),
        (b"\x1b[31mred", "\\x1b[31mred"),
        (b"bad\xff", "bad\\xff"),
        ("büro.txt".encode(), "büro.txt"),
        ("right\u202eleft".encode(), "right\\u202eleft"),
        (b"-rf", "-rf"),
    ],
)
def test_hostile_names_are_only_text(run, project, name, shown):
    (Path(os.fsdecode(os.fsencode(project) + b"/" + name))).write_text("x")
    assert kept(run, project) == [shown]
    assert [each.name for each in artifact_folder(run.pk).iterdir()] == ["1"]


@pytest.mark.slow
@pytest.mark.on_either
def test_a_secret_in_a_name_is_masked():
    server = make.localhost()
    server.variables |= {"api_token": "hunter2hunter2"}
    server.full_clean()
    server.save()
    job = run_one(play(sh("touch backup-{{ api_token }}.sql; mkfifo pipe")), server)
    assert job.status == Job.Status.SUCCESS, job.error_message
    (path,) = paths(job.run)
    assert path.startswith("backup-") and "hunter2" not in path


def test_a_long_path_keeps_its_end(run, project):
    folder = project.joinpath(*["d" * 200] * 4)
    folder.mkdir(parents=True)
    (folder / "end.txt").write_text("x")
    (path,) = kept(run, project)
    assert len(path) == 500 and path.startswith("…") and path.endswith("/end.txt")


def test_what_is_too_large_is_named_and_the_rest_is_kept(run, project, monkeypatch):
    monkeypatch.setattr(artifacts, "MOST_FILE_BYTES", 2 * 1024**2)
    monkeypatch.setattr(artifacts, "MOST_BYTES", 3 * 1024**2)
    for name, size in (("a", 2), ("b", 3), ("c", 2), ("d", 1)):
        (project / name).write_bytes(b"x" * size * 1024**2)
    assert kept(run, project) == ["a", "d"]
    assert run.artifacts_note == "Not kept: b (larger than 2 MB); c (more than 3 MB in all)."
    assert sorted(each.name for each in artifact_folder(run.pk).iterdir()) == ["1", "2"]


def test_a_sparse_file_costs_nothing(run, project):
    with (project / "sparse").open("wb") as file:
        file.truncate(2**40)
    assert kept(run, project) == []
    assert "larger than 50 MB" in run.artifacts_note


def test_only_so_many_files_are_kept(run, project, monkeypatch):
    monkeypatch.setattr(artifacts, "MOST_FILES", 3)
    for number in range(6):
        (project / f"{number}").write_text("x")
    assert kept(run, project) == ["0", "1", "2"]
    assert run.artifacts_note == "Not kept: 3, 4 and 5 (more than 3 files)."


def test_only_what_is_new_or_changed_counts(run, project):
    for name in ("same", "changed"):
        (project / name).write_text("before")
    before = signatures(project)
    (project / "changed").write_text("after it")
    (project / "facts").mkdir()
    (project / "facts" / "web1").write_text("{}")
    (project / "__pycache__").mkdir()
    (project / "__pycache__" / "x.pyc").write_text("")
    assert kept(run, project, before, Path("facts")) == ["changed"]


def test_a_run_that_was_ended_elsewhere_leaves_no_files(run, project):
    (project / "file").write_text("x")
    Run.objects.filter(pk=run.pk).update(claim_token=None)
    with pytest.raises(Exception, match="ended elsewhere"):
        keep_artifacts(run, project, {}, None, str, lambda: None)
    assert not artifact_folder(run.pk).exists() and not RunArtifact.objects.exists()


# --- Page, API, command ---------------------------------------------------------------------------


def test_operators_download_them_and_each_download_is_recorded(client_of, alice):
    artifact = left("content", path="out/report.html")
    answer = client_of(alice).get(artifact.get_absolute_url())
    assert b"".join(answer.streaming_content) == b"content"
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"] == 'attachment; filename="report.html"'
    line = AuditLog.objects.get(action="run.artifact_downloaded")
    assert (line.user, line.details["path"]) == (alice, "out/report.html")
    assert line.resource_id == str(artifact.run_id)


def test_the_page_lists_them_and_says_that_they_are_not_masked(client_of, alice, bob):
    artifact = left(path=HOSTILE)
    Run.objects.filter(pk=artifact.run_id).update(artifacts_note="Not kept: <b>.")
    page = client_of(alice).get(artifact.run.get_absolute_url()).content.decode()
    assert "Their content is not masked" in page and artifact.get_absolute_url() in page
    assert HOSTILE not in page and "&lt;img src=x" in page and "Not kept: &lt;b&gt;." in page
    page = client_of(bob).get(artifact.run.get_absolute_url()).content.decode()
    assert "&lt;img src=x" in page and artifact.get_absolute_url() not in page


def test_the_page_of_a_single_job_links_to_them(client_of, bob):
    job = make.job(status="success")
    make.artifact(job.run)
    page = client_of(bob).get(job.get_absolute_url()).content.decode()
    assert f'{job.run.get_absolute_url()}#artifacts">1</a>' in page


def test_a_run_without_any_has_no_such_card(client_of, bob):
    page = client_of(bob).get(make.job(status="success").run.get_absolute_url()).content.decode()
    assert "Artifacts" not in page


def test_a_viewer_may_not_download(client_of, bob):
    assert client_of(bob).get(left().get_absolute_url()).status_code == 403
    assert not AuditLog.objects.filter(action="run.artifact_downloaded").exists()


def test_a_file_that_is_elsewhere_is_said_so(client_of, api_of, alice, settings):
    artifact = left()
    artifact.file.unlink()
    answer = client_of(alice).get(artifact.get_absolute_url(), follow=True)
    assert "is not on this machine" in answer.content.decode()
    answer = api_of(alice).get(f"/api/runs/{artifact.run_id}/artifacts/1")
    assert answer.status_code == 409 and "is not on this machine" in answer.json()["detail"]


def test_a_link_in_the_place_of_a_file_is_not_followed(client_of, alice, tmp_path):
    artifact = left()
    artifact.file.unlink()
    artifact.file.symlink_to("/etc/passwd")
    assert client_of(alice).get(artifact.get_absolute_url()).status_code == 302


def test_the_api_lists_and_returns_them(api_of, alice, bob):
    artifact = left("content")
    url = f"/api/runs/{artifact.run_id}/artifacts"
    (listed,) = api_of(bob).get(url).json()
    assert (listed["number"], listed["path"], listed["size"]) == (1, "report1.txt", 7)
    assert listed["url"] == f"{url}/1"
    assert b"".join(api_of(alice).get(f"{url}/1").streaming_content) == b"content"
    assert api_of(alice).get(f"{url}/2").status_code == 404
    assert AuditLog.objects.filter(action="run.artifact_downloaded").count() == 1


def test_old_ones_are_pruned_with_their_files(boss, capsys):
    old, new = left(), left()
    before = timezone.now() - timedelta(days=100)
    Run.objects.filter(pk=old.run_id).update(finished_at=before)
    call_command("prune_artifacts", "--days=90", "--dry-run")
    assert "1 artifacts would be deleted" in capsys.readouterr().out and old.file.exists()
    call_command("prune_artifacts", "--days=90")
    assert list(RunArtifact.objects.all()) == [new]
    assert not old.file.exists() and new.file.exists()
    line = AuditLog.objects.get(action="run.artifacts_pruned")
    assert (line.user, line.details["files"], line.details["runs"]) == (boss, 1, 1)


def test_what_a_killed_worker_has_left_is_pruned_too(boss):
    kept, before = left(), (timezone.now() - timedelta(days=100)).timestamp()
    abandoned, recent = artifact_folder(kept.run_id + 1), artifact_folder(kept.run_id + 2)
    for folder in (abandoned, recent):
        folder.mkdir()
        (folder / "1").write_text("half a fil")
    os.utime(abandoned, (before, before))
    os.utime(kept.file.parent, (before, before))
    call_command("prune_artifacts", "--days=90")
    assert not abandoned.exists() and recent.exists() and kept.file.exists()
    assert AuditLog.objects.get(action="run.artifacts_pruned").details["files"] == 0


def test_health_names_a_missing_folder(api_of, boss, settings):
    left()
    settings.STATE_ROOT = settings.STATE_ROOT.with_name("unmounted")
    part = api_of(boss).get("/api/health").json()["parts"]["state"]
    assert "unmounted) is missing here" in part["reason"]
