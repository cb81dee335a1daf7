"""The source around the failing task, on the job's page."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from automation.models import Playbook
from tests import make

pytestmark = pytest.mark.django_db

TASKS = "".join(f"- name: Task {n}\n  ansible.builtin.debug: {{}}\n" for n in range(1, 20))
CHANGED = "these lines may differ"


def failed(place, playbook=None):
    job = make.job(status="failed", playbook=playbook or make.playbook(TASKS, file_path="site.yml"))
    make.task_results(job, "ok", "failed", path=place)
    return job


def old(path: Path) -> Path:
    """The path, with a modification time an hour ago."""
    before = (timezone.now() - timedelta(hours=1)).timestamp()
    os.utime(path, (before, before))
    return path


@pytest.fixture
def opened(client_of, bob):
    return lambda job: client_of(bob).get(job.get_absolute_url()).content.decode()


def test_the_lines_around_the_task_are_shown_and_its_own_is_marked(opened):
    text = opened(failed("site.yml:9"))
    excerpt = text[text.index("io-excerpt") : text.index('aria-label="Job"')]
    for number in (6, 9, 21):
        assert f'data-number="{number}"' in excerpt
    assert 'data-number="5"' not in excerpt and 'data-number="22"' not in excerpt
    assert "io-yaml-marked" in excerpt and "debug" in excerpt and CHANGED not in excerpt


def test_a_playbook_that_has_changed_since_says_so(opened):
    job = failed("site.yml:9")
    make.playbook_file("site.yml", TASKS + "# more\n")
    assert "has changed since this run" in opened(job)


def test_a_roles_file_is_judged_by_its_time(opened):
    role = make.playbook_file("roles/web/tasks/main.yml", TASKS)
    old(role)
    job = failed("roles/web/tasks/main.yml:3")
    text = opened(job)
    assert "io-yaml-marked" in text and CHANGED not in text
    os.utime(role, (later := job.started_at.timestamp() + 60, later))
    assert CHANGED in opened(job)


def test_our_own_playbooks_are_shown_too(opened):
    builtin = Playbook.objects.connection_check()
    assert "io-yaml-marked" in opened(failed("check_connection.yml:3", builtin))


def test_html_in_a_file_is_only_text(opened):
    playbook = make.playbook("- name: <script>alert(1)</script>\n", file_path="html.yml")
    text = opened(failed("html.yml:1", playbook))
    assert "&lt;script&gt;" in text and "<script>alert" not in text


@pytest.mark.parametrize(
    "place",
    [
        "",
        "site.yml",
        "site.yml:0",
        "site.yml:999",
        "gone.yml:3",
        "../outside.yml:1",
        "/etc/hosts.yml:1",
        "secret.txt:1",
        "link.yml:1",
        "folder.yml:1",
        "vault.yml:1",
        "a\x00b.yml:1",
        f"{'x' * 300}.yml:1",
    ],
)
def test_what_is_no_ordinary_file_of_ours_is_not_shown(opened, tmp_path, place):
    outside = tmp_path / "outside.yml"
    outside.write_text("- the secret\n")
    root = Path(settings.PLAYBOOK_ROOT)
    (root / "link.yml").unlink(missing_ok=True)
    (root / "link.yml").symlink_to(outside)
    (root / "folder.yml").mkdir(exist_ok=True)
    (root / "secret.txt").write_text("the secret")
    (root / "vault.yml").write_text("$ANSIBLE_VAULT;1.1;AES256\nthe secret\n")
    try:
        text = opened(failed(place.replace("\x00", "\\x00")))
    finally:
        (root / "link.yml").unlink()
        (root / "folder.yml").rmdir()
    assert "io-excerpt" not in text and "the secret" not in text
