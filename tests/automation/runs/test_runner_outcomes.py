"""How a job ends, and the words for it: every kind of failure has its own."""

import errno
import socket
from pathlib import Path

import pytest

from audit.models import AuditLog
from automation.execution.private_folders import RUN_PREFIX
from automation.models import Job, Run, ServerLock
from tests import make
from tests.automation.running import claimed, finish_here, run_here, run_one, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.on_either]

Kind = Job.FailureKind
FAILING = """
- hosts: all
  gather_facts: false
  tasks:
    - name: Break the disk
      ansible.builtin.fail: {msg: the disk is full}
"""


def assert_failed(job: Job, kind: str, *words: str) -> None:
    job.refresh_from_db()
    assert (job.status, job.failure_kind) == (Job.Status.FAILED, kind)
    for word in words:
        assert word in job.error_message


def test_success_is_recorded_and_frees_the_server() -> None:
    job = run_one(make.HELLO)

    assert job.status == Job.Status.SUCCESS
    assert job.started_at and job.completed_at and job.started_at < job.completed_at
    assert job.run.state == Run.State.FINISHED
    assert job.run.exit_code == 0
    assert not ServerLock.objects.exists()
    assert AuditLog.objects.about(job).filter(action="job.finished").count() == 1


def test_the_exact_command_is_kept_without_the_private_folders_path() -> None:
    server = make.localhost()

    job = run_here(
        make.playbook(make.HELLO, file_path="web/hello.yml", accepts_undeclared=True),
        server,
        check_mode=True,
        diff_mode=True,
        tags="all",
        verbosity=1,
        extra_vars={"colour": "blue"},
    )[0]

    assert job.status == Job.Status.SUCCESS
    assert job.run.command == (
        f"ansible-playbook -i inventory/hosts --limit {server} -e @variables.yml --check --diff "
        "--tags all -v --forks 5 web/hello.yml"
    )


TWO_TASKS = """
- hosts: all
  gather_facts: false
  tasks:
    - {name: First of all, ansible.builtin.debug: {msg: one}}
    - {name: The -- second, ansible.builtin.debug: {msg: two}}
"""


def test_it_starts_at_the_task_that_was_named() -> None:
    job = run_one(TWO_TASKS, start_at_task="The -- second")

    assert (job.status, job.counts["ok"]) == (Job.Status.SUCCESS, 1)
    assert "First of all" not in text_of(job)
    assert "--start-at-task 'The -- second'" in job.run.command


def test_a_task_that_is_not_there_is_no_success() -> None:
    """The launch cannot know: it cannot read all of the playbook's files."""
    make.playbook_file("elsewhere.yml", "- {name: Third, ansible.builtin.debug: {msg: three}}\n")
    included = "    - {name: Perhaps, ansible.builtin.import_tasks: ./sub/../elsewhere.yml}\n"
    job = run_one(TWO_TASKS + included, start_at_task="Fourth")
    assert job.status == Job.Status.FAILED


def test_a_failed_task_is_named_with_its_place_and_message() -> None:
    job = run_one(FAILING)

    assert_failed(job, Kind.TASK_FAILED, "Break the disk", ".yml:5", "the disk is full")
    assert job.failed_task == "Break the disk"


def test_a_failing_loop_names_the_item_that_failed() -> None:
    job = run_one(
        [
            {
                "hosts": "all",
                "gather_facts": False,
                "tasks": [
                    {
                        "name": "Loop",
                        "ansible.builtin.fail": {"msg": "item {{ item }} is broken"},
                        "loop": ["a", "b"],
                    }
                ],
            }
        ]
    )

    assert_failed(job, Kind.TASK_FAILED, "item", "is broken")


def test_an_unreachable_host_is_not_a_failed_task() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    server = make.server(ip_address="127.0.0.1", ssh_port=port, ssh_user="nobody")

    job = run_one(make.HELLO_FACTS, server)

    assert_failed(job, Kind.UNREACHABLE, f"{server} was unreachable", "refused")


def test_no_hosts_matched_is_a_failure_although_ansible_ends_with_0() -> None:
    job = run_one([{"hosts": "databases", "tasks": []}])

    assert_failed(job, Kind.NO_HOSTS_MATCHED, "databases", str(job.server))
    assert job.run.exit_code == 0


def test_a_play_for_localhost_only_is_explained() -> None:
    job = run_one([{"hosts": "localhost", "tasks": [{"ansible.builtin.debug": {"msg": "x"}}]}])

    assert_failed(job, Kind.LOCALHOST_PLAY, "all plays have “hosts: localhost”", "hosts: all")


def test_a_play_for_localhost_runs_on_a_server_of_that_name() -> None:
    job = run_one(
        [{"hosts": "localhost", "gather_facts": False, "tasks": [{"ansible.builtin.ping": {}}]}],
        make.localhost(hostname="localhost"),
    )

    assert job.status == Job.Status.SUCCESS


def test_no_task_left_by_the_tags_is_a_failure() -> None:
    job = run_one(make.HELLO, tags="nothing_has_this_tag")

    assert_failed(job, Kind.NO_TASKS, "leave no task to run")


def test_bad_yaml_is_told_with_its_place() -> None:
    job = run_one("- hosts: all\n  tasks:\n    - debug: {msg: hi}\n    name: a: b\n")

    assert_failed(job, Kind.BAD_YAML, "YAML parsing failed", ".yml:4")
    assert "Origin:" in text_of(job)


def test_an_unknown_module_is_named() -> None:
    job = run_one([{"hosts": "all", "tasks": [{"no_such_module": {}}]}])

    assert_failed(job, Kind.UNKNOWN_MODULE, "no_such_module")


def test_a_playbook_that_is_no_playbook_is_not_read_as_one() -> None:
    job = run_one("just: a mapping\n")

    assert_failed(job, Kind.BAD_YAML, "exit code 4")


def test_without_ansible_the_job_says_so(settings) -> None:
    settings.ANSIBLE_PLAYBOOK = "/nowhere/ansible-playbook"

    job = run_one(make.HELLO)

    assert_failed(job, Kind.ANSIBLE_MISSING, "not installed")


def test_a_playbook_changed_between_launch_and_run_does_not_run() -> None:
    run = claimed(make.HELLO)
    run.playbook.path.write_text(FAILING)

    job = finish_here(run)

    assert_failed(job, Kind.PLAYBOOK_CHANGED, "has changed")
    assert not job.logs.exists()


def test_a_playbook_deleted_between_launch_and_run_is_missing() -> None:
    run = claimed(make.HELLO)
    run.playbook.path.unlink()

    assert_failed(finish_here(run), Kind.PLAYBOOK_MISSING, "no longer exists")


def test_a_link_put_in_the_playbooks_place_is_not_followed(tmp_path: Path) -> None:
    run = claimed(make.HELLO)
    path = run.playbook.path
    outside = tmp_path / "outside.yml"
    path.rename(outside)
    path.symlink_to(outside)

    assert_failed(finish_here(run), Kind.PLAYBOOK_MISSING)


def test_an_error_of_our_own_ends_the_job_too(monkeypatch) -> None:
    def broken(*args: object) -> None:
        raise ValueError("cannot write")

    run = claimed(make.HELLO)
    # Simulates a disk that refuses writes.
    monkeypatch.setattr("automation.execution.run_folder.write_inventory", broken)

    assert_failed(finish_here(run), Kind.INTERNAL, "ValueError", "log of the worker")
    assert not ServerLock.objects.exists()


def test_a_full_disk_is_named_whatever_was_being_written(monkeypatch) -> None:
    def full(*args: object, **more: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")  # a write error has no file name

    run = claimed(make.HELLO)
    monkeypatch.setattr("automation.execution.runner.RunnerConfig", full)

    assert_failed(finish_here(run), Kind.INTERNAL, "is full, so the run was stopped")


def test_a_receiver_that_breaks_does_not_keep_the_job_from_ending(monkeypatch) -> None:
    def broken(*args: object) -> None:
        raise ValueError("no ticket today")

    # Stands for any bug in an app above: the run's end must be written all the same.
    monkeypatch.setattr("tickets.receivers.open_ticket", broken)

    job = run_one(FAILING)

    assert_failed(job, Kind.TASK_FAILED)
    assert not ServerLock.objects.exists()
    line = AuditLog.objects.about(job).get(action="job.follow_up_failed")
    assert line.details["error"] == "no ticket today"


def test_one_failed_server_does_not_fail_the_others() -> None:
    good, bad = make.localhost(), make.localhost()
    content = [
        {
            "hosts": "all",
            "gather_facts": False,
            "tasks": [
                {
                    "name": "Only one breaks",
                    "ansible.builtin.fail": {"msg": "broken"},
                    "when": f"inventory_hostname == '{bad}'",
                }
            ],
        }
    ]

    jobs = {job.server: job for job in run_here(make.playbook(content), good, bad)}

    assert jobs[good].status == Job.Status.SUCCESS
    assert_failed(jobs[bad], Kind.TASK_FAILED, "broken")


def test_the_private_folder_is_gone_afterwards(settings) -> None:
    run_one(FAILING)

    assert list(Path(settings.RUN_ROOT).iterdir()) == []


def test_roles_and_files_beside_the_playbook_are_found() -> None:
    make.playbook_file(
        "web/roles/greeter/tasks/main.yml", "- ansible.builtin.debug: {msg: from the role}\n"
    )
    make.playbook_file("shared/names.yml", "name: from the file\n")
    content = (
        "- hosts: all\n  gather_facts: false\n  vars_files: [../shared/names.yml]\n"
        "  roles: [greeter]\n  tasks:\n    - ansible.builtin.debug: {var: name}\n"
    )

    job = run_here(make.playbook(content, file_path="web/site.yml"), make.localhost())[0]

    assert job.status == Job.Status.SUCCESS
    assert "from the role" in text_of(job) and "from the file" in text_of(job)


def test_a_run_root_that_cannot_be_written_is_told_and_the_worker_lives(settings, tmp_path) -> None:
    (tmp_path / "file").touch()
    folder, settings.RUN_ROOT = settings.RUN_ROOT, str(tmp_path / "file")

    job = run_one(make.HELLO)

    assert_failed(job, Kind.INTERNAL, "Not a directory", "RUN_ROOT")
    assert job.tickets.count() == 1
    settings.RUN_ROOT = folder
    assert run_one(make.HELLO).status == Job.Status.SUCCESS


def test_what_is_printed_is_in_no_file() -> None:
    content = [
        {
            "hosts": "all",
            "gather_facts": False,
            "tasks": [
                {"name": "Say", "ansible.builtin.debug": {"msg": "a word of its own"}},
                {"name": "Look", "ansible.builtin.shell": "grep -rl 'word of it[s]' . || true"},
            ],
        }
    ]
    content[0]["tasks"][1]["args"] = {"chdir": "{{ playbook_dir }}/../artifacts"}

    job = run_one(content, verbosity=1)

    assert job.status == Job.Status.SUCCESS
    assert '"stdout": ""' in text_of(job)


def test_ansibles_own_files_are_in_the_private_folder() -> None:
    task = {"ansible.builtin.debug": {"msg": "{{ lookup('config', 'DEFAULT_LOCAL_TMP') }}"}}

    job = run_one([{"hosts": "all", "gather_facts": False, "tasks": [task]}])

    assert RUN_PREFIX in text_of(job)
