"""Tasks to start at are offered by name; if all are known, any other is refused."""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from automation.content.task_names import read_task_names
from automation.models import Run
from tests import make

pytestmark = pytest.mark.django_db

PLAYBOOK = """
- name: Web
  hosts: all
  pre_tasks:
    - {name: Check the disk, ansible.builtin.command: df}
  tasks:
    - name: Deploy in a block
      block:
        - {name: "Copy [all] files", ansible.builtin.copy: {src: a, dest: b}}
      rescue:
        - {name: Put it back, debug: {}}
      always:
        - debug: {msg: done}
    - {name: "Restart {{ service }}", service: {name: x}}
    - {name: Check the disk, debug: {}}
  post_tasks:
    - {name: Say so, debug: {}}
  handlers:
    - {name: A handler, debug: {}}
"""


def named(content, **files):
    for name, text in files.items():
        make.playbook_file(name.replace("__", "/") + ".yml", text)
    return read_task_names(make.playbook(content).file_path)


def test_the_names_in_their_order():
    found = named(PLAYBOOK)
    assert found.is_whole
    assert found.names == ("Check the disk", "Copy [all] files", "Put it back", "Say so")


@pytest.mark.parametrize(
    ("name", "is_there"),
    [
        ("Check the disk", True),
        ("Copy [all] files", True),
        ("Restart {{ service }}", True),
        ("Check*", True),
        ("debug", True),
        ("Gathering Facts", True),
        ("A handler", False),
        ("Deploy in a block", False),
        ("check the disk", False),
        ("No such task", False),
    ],
)
def test_what_ansible_would_find(name, is_there):
    assert named(PLAYBOOK).may_have(name) is is_there


@pytest.mark.parametrize(
    "task",
    [
        "{action: ping}",
        "{action: ping data=x}",
        "{action: {module: ping, data: x}}",
        "{local_action: ping}",
        "{local_action: {module: ping}, delegate_to: localhost}",
    ],
)
def test_an_unnamed_task_is_found_by_the_module_of_its_action(task):
    found = named(f"- hosts: all\n  tasks: [{task}]\n")
    assert found.is_whole and found.may_have("ping") and not found.may_have("pong")


@pytest.mark.parametrize("action", ['"{{ module }} data=x"', "[ping]", "{data: x}"])
def test_where_the_module_cannot_be_known_nothing_is_refused(action):
    assert named(f"- hosts: all\n  tasks: [{{action: {action}}}]\n").may_have("Anything")


def test_roles_and_imported_files_are_read():
    found = named(
        "- import_playbook: other.yml\n"
        "- hosts: all\n  roles: [base]\n  tasks: [{import_tasks: more.yml}]\n",
        other="- hosts: all\n  tasks: [{name: First, debug: {}}]\n",
        more="- {name: Last, debug: {}}\n",
        roles__base__tasks__main="- {name: Of the role, debug: {}}\n- import_tasks: sub.yml\n",
        roles__base__tasks__sub="- {name: Below, debug: {}}\n",
        roles__base__meta__main="dependencies: []\n",
    )
    assert found.is_whole and found.names == ("First", "Of the role", "Below", "Last")
    assert found.may_have("base : Below") and not found.may_have("other : Below")


@pytest.mark.parametrize(
    "tasks",
    [
        "[{import_tasks: nowhere.yml}]",
        '[{import_tasks: "{{ file }}"}]',
        "[{import_role: {name: nowhere}}]",
        "[{import_role: {name: acme.web.site}}]",
        "[{import_tasks: ../../etc/passwd}]",
        "[&a {block: [*a, *a]}]",
        "[text]",
    ],
)
def test_where_not_all_can_be_known_nothing_is_refused(tasks):
    found = named(f"- hosts: all\n  tasks: {tasks}\n")
    assert not found.is_whole and found.may_have("Anything")


def test_a_file_that_imports_itself_ends():
    found = named(
        "- hosts: all\n  tasks: [{import_tasks: round.yml}]\n",
        round="- import_tasks: round.yml\n- import_tasks: round.yml\n",
    )
    assert not found.is_whole


def test_what_is_no_playbook_has_no_names():
    assert named("{").names == named("a: b").names == ()


# --- Guards ---------------------------------------------------------------------------------------


def guard_tags(plays) -> set[str]:
    make.playbook_file("guarded.yml", plays)
    return set(read_task_names("guarded.yml").guard_tags)


@pytest.mark.parametrize(
    ("play", "found"),
    [
        ({"tags": ["web"], "tasks": [{"tags": "always"}]}, set()),
        ({"tasks": [{"tags": ["always", "checks"]}, {"tags": "x"}]}, {"checks"}),
        ({"tasks": [{"tags": "always, a ,b"}]}, {"a", "b"}),
        ({"tags": ["always", "pre"], "tasks": [{"tags": "x"}]}, {"pre", "x"}),
        ({"tasks": [{"tags": "b", "block": [{"tags": "always"}, {"tags": "x"}]}]}, {"b"}),
        ({"tasks": [{"tags": "always", "block": [{"tags": ["x", 7]}]}]}, {"x", "7"}),
        ({"roles": [{"role": "r", "tags": ["always", "r"]}]}, {"r", "inside", "plain"}),
        # In the role, a guard is “inside”; skipping the role's own tag leaves out all of it.
        ({"roles": [{"role": "r", "tags": ["r"]}]}, {"inside"}),
        ({"tasks": [{"import_role": {"name": "r"}, "tags": ["r"]}]}, {"inside"}),
        ({"tasks": [{"import_tasks": "more.yml", "tags": ["m"]}]}, {"more"}),
        ({"tasks": [{"include_tasks": "more.yml", "tags": ["m"]}]}, {"more"}),
        ({"tasks": [{"include_tasks": "{{ more }}.yml", "tags": ["m"]}]}, set()),
        ({"tags": {"a": 1}, "tasks": "x"}, set()),
    ],
    ids=str,
)
def test_tags_that_guards_have_besides_always(play, found):
    guard = [{"name": "Guard", "debug": {}, "tags": ["always", "inside"]}, {"tags": "plain"}]
    make.playbook_file("roles/r/tasks/main.yml", guard)
    make.playbook_file("more.yml", [{"debug": {}, "tags": ["always", "more"]}])
    assert guard_tags([{"hosts": "all", **play}]) == found


def test_an_imported_playbook_may_be_a_guard():
    make.playbook_file("before.yml", [{"hosts": "all", "tasks": [{"debug": {}}]}])
    imported = {"import_playbook": "before.yml", "tags": ["always", "pre"]}
    assert guard_tags([imported, {"hosts": "all", "tasks": [{"debug": {}, "tags": "x"}]}]) == {
        "pre"
    }


# --- At the launch --------------------------------------------------------------------------------


@pytest.fixture
def deploy(db):
    return make.playbook(PLAYBOOK, name="Deploy")


def test_another_task_is_refused_wherever_it_is_asked_for(boss, api_of, deploy):
    server = make.server()
    with pytest.raises(ValidationError) as refused:
        make.launch(deploy, boss, [server], start_at_task="Say soo")
    said = ["“Deploy” has no task “Say soo”. Did you mean “Say so”?"]
    assert refused.value.message_dict == {"start_at_task": said}
    body = {"playbook_id": deploy.pk, "server_id": server.pk, "start_at_task": "Nonsense"}
    answer = api_of(boss).post("/api/jobs", body)
    assert answer.json()["fields"] == {"start_at_task": ["“Deploy” has no task “Nonsense”."]}
    assert answer.status_code == 400 and not Run.objects.exists()
    assert make.launch(deploy, boss, [server], start_at_task="Say so").start_at_task == "Say so"


def test_the_form_offers_them(client_of, alice, deploy):
    hostile = make.playbook([{"hosts": "all", "tasks": [{"name": '"><script>', "debug": {}}]}])
    client = client_of(alice)
    path = reverse("automation:job_launch_variables")
    page = client.get(path, {"playbook": deploy.pk}).content.decode()
    assert '<option value="Copy [all] files">' in page and "A handler" not in page
    assert "<script>" not in client.get(path, {"playbook": hostile.pk}).content.decode()
    assert 'list="launch-tasks"' in client.get(reverse("automation:job_launch")).content.decode()
