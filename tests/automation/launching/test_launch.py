"""From a registered playbook to a queued run, and every reason for refusal."""

from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django_q.models import OrmQ

from audit.models import AuditLog
from automation.models import Job, Playbook, Run
from schema.exceptions import Refused
from tests import make
from tests.at_once import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def server():
    return make.server()


# --- The registry ---------------------------------------------------------------------------------


def registered(**fields) -> Playbook:
    playbook = Playbook(**{"name": "site", "file_path": "site.yml", **fields})
    playbook.full_clean()
    playbook.save()
    return playbook


def test_a_playbook_is_registered_with_the_hash_of_its_file():
    path = make.playbook_file("site.yml", make.HELLO)
    playbook = registered(file_path="./site.yml")
    assert (playbook.file_path, playbook.path) == ("site.yml", path.resolve())
    assert len(playbook.file_hash) == 64
    assert playbook.file_state == "unchanged"
    path.write_text("- hosts: db\n")
    assert playbook.file_state == "changed"
    path.unlink()
    assert playbook.file_state == "missing"


@pytest.mark.parametrize(
    "file_path",
    ["../../etc/passwd", "/etc/passwd", "link.yml", "gone.yml", "site.txt", "a\0.yml", ""],
)
def test_a_file_that_is_not_below_the_folder_is_refused(file_path, tmp_path):
    (tmp_path / "outside.yml").write_text("- hosts: all\n")
    (Path(settings.PLAYBOOK_ROOT) / "link.yml").symlink_to(tmp_path / "outside.yml")
    with pytest.raises(ValidationError) as error:
        registered(file_path=file_path)
    assert set(error.value.message_dict) >= {"file_path"}
    assert not Playbook.objects.filter(name="site").exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 121),
        ("tags", {"a": 1}),
        ("tags", [1]),
        ("variables", []),
        ("variables", {"a": {"type": "nonsense"}}),
    ],
)
def test_other_bad_values_are_refused_at_their_field(field, value):
    make.playbook_file("site.yml", make.HELLO)
    with pytest.raises(ValidationError) as error:
        registered(**{field: value})
    assert set(error.value.message_dict) == {field}


def test_a_name_is_unique_whatever_its_capital_letters():
    make.playbook(name="Deploy")
    make.playbook_file("site.yml", make.HELLO)
    with pytest.raises(ValidationError, match="of that name already"):
        registered(name=" deploy ")


def test_a_link_that_leads_out_after_registration_is_a_missing_file(tmp_path, alice, server):
    make.playbook_file("site.yml", make.HELLO)
    playbook = registered()
    playbook.path.unlink()
    (tmp_path / "outside.yml").write_text("- hosts: all\n")
    (Path(settings.PLAYBOOK_ROOT) / "site.yml").symlink_to(tmp_path / "outside.yml")
    assert playbook.file_state == "missing"
    with pytest.raises(Refused, match="no longer exists"):
        make.launch(playbook, alice, [server])


def test_an_edit_keeps_the_hash_and_a_move_takes_the_new_files():
    make.playbook_file("site.yml", make.HELLO)
    playbook = registered()
    old = playbook.file_hash
    make.playbook_file("site.yml", make.HELLO_FACTS)
    playbook.description = "new"
    playbook.full_clean()
    assert playbook.file_hash == old
    make.playbook_file("other.yml", "- hosts: db\n")
    playbook.file_path = "other.yml"
    playbook.full_clean()
    assert playbook.file_hash == playbook.current_hash() != old


def test_a_changed_file_is_accepted_by_an_admin(boss, alice):
    playbook = make.playbook()
    assert playbook.accept_file(boss) is False
    old = playbook.file_hash
    make.playbook_file(playbook.file_path, make.HELLO_FACTS)
    with pytest.raises(PermissionDenied):
        playbook.accept_file(alice)
    assert playbook.accept_file(boss) is True
    line = AuditLog.objects.about(playbook).get()
    assert (line.details["old_hash"], line.details["new_hash"]) == (old, playbook.file_hash)
    playbook.path.unlink()
    with pytest.raises(Refused, match="does not exist"):
        playbook.accept_file(boss)


# --- Launching ------------------------------------------------------------------------------------


def test_a_launch_is_one_run_and_a_pending_job_a_server(alice):
    playbook, servers = make.playbook(), [make.server(), make.server()]
    run = make.launch(playbook, alice, [*servers, servers[0]], check_mode=True, tags="web,config")
    assert (run.state, run.launched_by, run.playbook_hash) == ("pending", alice, playbook.file_hash)
    assert run.deadline_seconds == settings.RUN_DEADLINE_SECONDS
    jobs = run.jobs.order_by("id")
    assert [job.server for job in jobs] == servers
    assert {(job.status, job.user, job.playbook) for job in jobs} == {("pending", alice, playbook)}
    line = AuditLog.objects.about(run).get()
    assert line.details["options"] == {"check_mode": True, "tags": "web,config"}
    assert line.details["jobs"] == [str(job.job_id) for job in jobs]


def test_a_worker_is_woken_when_the_launch_is_committed(
    alice, server, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        run = make.launch(make.playbook(), alice, [server])
        assert not OrmQ.objects.exists()
    assert OrmQ.objects.count() == 1
    assert run.jobs.get().task_id


def test_secrets_are_encrypted_in_the_run_and_the_job(alice, server):
    playbook = make.playbook(variables={"db_password": {"secret": True}})
    run = make.launch(playbook, alice, [server], extra_vars={"db_password": "hunter2"})
    job = Job.objects.values().get(run=run)
    assert "hunter2" not in str(job) + str(Run.objects.values().get(pk=run.pk))
    assert run.jobs.get().masked_extra_vars == {"db_password": "********"}
    assert "hunter2" not in str(AuditLog.objects.about(run).get().details)


@pytest.mark.parametrize("who", ["bob", "charlie"])
def test_whoever_does_not_launch_is_refused(request, who, server):
    with pytest.raises(PermissionDenied):
        make.launch(make.playbook(), request.getfixturevalue(who), [server])
    assert not Run.objects.exists()


def test_what_is_not_active_is_refused_by_name(alice, server):
    with pytest.raises(Refused, match="“old” is not active"):
        make.launch(make.playbook(name="old", is_active=False), alice, [server])
    retired = make.server(hostname="retired", is_active=False)
    with pytest.raises(Refused, match="Inactive: retired"):
        make.launch(make.playbook(), alice, [server, retired])
    assert not Run.objects.exists()


def test_a_changed_or_missing_file_is_refused(alice, server):
    playbook = make.playbook()
    make.playbook_file(playbook.file_path, make.HELLO_FACTS)
    with pytest.raises(Refused, match="has changed since"):
        make.launch(playbook, alice, [server])
    playbook.path.unlink()
    with pytest.raises(Refused, match="no longer exists"):
        make.launch(playbook, alice, [server])


def test_no_server_is_refused(alice):
    with pytest.raises(ValidationError, match="at least one server"):
        make.launch(make.playbook(), alice, [])


@pytest.mark.parametrize(
    ("extra_vars", "name"),
    [
        ({}, "version"),
        ({"version": 5}, "version"),
        ({"verison": "1"}, "verison"),
        ({"version": "1", "ansible_host": "x"}, "ansible_host"),
        ([1], "extra_vars"),
        ("version=1", "extra_vars"),
    ],
)
def test_variables_that_break_the_schema_are_named(alice, server, extra_vars, name):
    playbook = make.playbook(variables={"version": {"required": True}})
    with pytest.raises(ValidationError) as error:
        make.launch(playbook, alice, [server], extra_vars=extra_vars)
    assert name in error.value.message_dict
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("tags", "web config"),
        ("tags", "web\n"),
        ("tags", "--flush-cache"),
        ("skip_tags", "a;b"),
        ("tags", "web,-x"),
        ("verbosity", 5),
        ("verbosity", -1),
        ("verbosity", "much"),
        ("forks", 0),
        ("forks", 501),
        ("check_mode", "perhaps"),
        ("deadline_seconds", 0),
        ("deadline_seconds", 10**9),
        ("idempotency_key", "x" * 65),
    ],
)
def test_an_option_that_cannot_be_is_refused_by_name(alice, server, option, value):
    with pytest.raises(ValidationError) as error:
        make.launch(make.playbook(), alice, [server], **{option: value})
    assert set(error.value.message_dict) == {option}
    assert not Run.objects.exists()


def test_an_option_that_is_none_is_not_given(alice, server):
    run = make.launch(
        make.playbook(), alice, [server], tags=None, verbosity=None, deadline_seconds=None
    )
    assert run.options() == {}
    assert run.deadline_seconds == settings.RUN_DEADLINE_SECONDS


# --- Idempotency ----------------------------------------------------------------------------------


def test_the_same_key_is_the_same_run(alice, boss, server):
    playbook = make.playbook()
    run = make.launch(playbook, alice, [server], idempotency_key="k")
    assert make.launch(playbook, alice, [server], idempotency_key="k") == run
    assert make.launch(playbook, alice, [server]) != run
    assert make.launch(playbook, boss, [server], idempotency_key="k") != run
    assert Run.objects.count() == 3
    assert AuditLog.objects.filter(action="run.launched").count() == 3
    with pytest.raises(Refused, match="another playbook"):
        make.launch(make.playbook(), alice, [server], idempotency_key="k")


@pytest.mark.django_db(transaction=True)
def test_the_same_key_at_the_same_moment_is_one_run():
    user, playbook, server = make.user(role="operator"), make.playbook(), make.server()
    launch = lambda: make.launch(playbook, user, [server], idempotency_key="k").pk  # noqa: E731
    assert len(set(at_once([launch] * 4))) == 1
    assert Run.objects.count() == Job.objects.count() == 1
