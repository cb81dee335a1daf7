"""Who may set which launch option: the same rule for every way in."""

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test.utils import isolate_apps
from django.urls import reverse

from accounts.models import User
from automation.content.task_names import read_task_names
from automation.launching import Launch
from automation.launching.checks import Candidate, verdict_on_launch
from automation.models import Playbook, Run
from automation.models.option_rules import (
    OPTION_RULES,
    OptionRules,
    ReservedOption,
    Setter,
    guards_left_out,
    without_defaults,
)
from tests import make
from tests.automation.sending import send_launch
from tests.recording import recorded

pytestmark = pytest.mark.django_db

LAUNCH = reverse("automation:job_launch")
GUARDED = """
- hosts: all
  gather_facts: false
  tags: [web]
  tasks:
    - {name: Preflight, tags: [always, preflight], ansible.builtin.debug: {msg: checked}}
    - {name: Restart, tags: [restart], ansible.builtin.debug: {msg: restarted}}
    - {name: Wipe, tags: [never, wipe], ansible.builtin.debug: {msg: wiped}}
"""
# What only admins may set by default, and the words for it.
RESERVED = {
    "become": ({"become": True}, "“Become” (--become)"),
    "start_at_task": ({"start_at_task": "Restart"}, "“Start at task” (--start-at-task)"),
    "verbosity": ({"verbosity": 3}, "“Verbosity -vvv and more” (-vvv)"),
    "skip_tags": (
        {"skip_tags": "slow,always"},
        "“Tags that switch off guards” (always)",
    ),
}
OPEN = [
    {"check_mode": True},
    {"diff_mode": True},
    {"tags": "restart,wipe"},
    {"skip_tags": "restart"},
    {"forks": 50},
    {"verbosity": 2},
    {"deadline_seconds": 60, "idle_deadline_seconds": 30},
]


@pytest.fixture
def deploy(db) -> Playbook:
    return make.playbook(GUARDED, name="Deploy")


@pytest.fixture
def web1(db):
    return make.server(hostname="web1")


# --- The rule -------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", RESERVED)
def test_by_default_operators_may_not_and_admins_may(alice, boss, deploy, web1, field):
    given, words = RESERVED[field]
    for verb in (make.launch, make.rehearse):
        with pytest.raises(ReservedOption) as refused:
            verb(deploy, alice, [web1], **given)
        assert str(refused.value) == f"Only admins may set {words} at a launch."
        assert refused.value.fields == {field: [str(refused.value)]}
    assert not Run.objects.exists()
    assert make.launch(deploy, boss, [web1], **given).options() == given


@pytest.mark.parametrize("given", OPEN, ids=str)
def test_by_default_operators_may(alice, deploy, web1, given):
    assert make.launch(deploy, alice, [web1], **given).options() == given


def test_the_playbook_says_otherwise(alice, boss, deploy, web1):
    deploy.option_rules = {"become": "operator", "check_mode": "nobody", "tags": "admin"}
    deploy.save()
    assert make.launch(deploy, alice, [web1], become=True).become
    for actor in (alice, boss):
        with pytest.raises(ValidationError) as refused:
            make.launch(deploy, actor, [web1], check_mode=True)
        said = "Nobody may set “Check mode” (--check) at a launch."
        assert refused.value.message_dict == {"check_mode": [said]}
    with pytest.raises(ReservedOption, match="Only admins may set “Only tags”"):
        make.launch(deploy, alice, [web1], tags="restart")
    assert make.launch(deploy, boss, [web1], tags="restart").tags == "restart"


def test_a_credential_is_an_option(alice, boss, deploy, web1):
    deploy.option_rules = {"credential": "nobody"}
    deploy.save()
    with pytest.raises(ValidationError) as refused:
        make.launch(deploy, boss, [web1], credential=make.credential())
    assert set(refused.value.message_dict) == {"credential_id"}
    assert make.launch(deploy, alice, [web1]).pk


def test_a_tag_is_named_with_its_field(alice, deploy, web1):
    for given, tag in (({"tags": "never"}, "never"), ({"skip_tags": "preflight"}, "preflight")):
        with pytest.raises(ReservedOption) as refused:
            make.launch(deploy, alice, [web1], **given)
        said = f"Only admins may set “Tags that switch off guards” ({tag}) at a launch."
        assert refused.value.fields == {next(iter(given)): [said]}


def test_all_that_is_reserved_is_named_at_once(alice, deploy, web1):
    with pytest.raises(ReservedOption) as refused:
        make.launch(deploy, alice, [web1], become=True, verbosity=4, start_at_task="Restart")
    assert set(refused.value.fields) == {"become", "verbosity", "start_at_task"}


def test_the_verdict_names_the_rule(alice, deploy, web1):
    candidate = Candidate(alice, Launch(playbook=deploy, servers=[web1], become=True))
    (violation,) = verdict_on_launch(candidate).violations
    assert (violation.rule, violation.message) == (
        "options",
        "Only admins may set “Become” (--become) at a launch.",
    )


# --- Tags and guards ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"skip_tags": "always"}, ["always"]),
        ({"skip_tags": "a,always"}, ["always"]),
        ({"skip_tags": "tagged"}, ["tagged"]),
        ({"skip_tags": "all,always"}, ["always"]),
        # Its guard has this tag too.
        ({"skip_tags": "preflight"}, ["preflight"]),
        ({"tags": "never"}, ["never"]),
        ({"tags": "restart,never"}, ["never"]),
        # Ansible spares tasks tagged “always”, or leaves out the whole play.
        ({"skip_tags": "all"}, []),
        ({"skip_tags": "untagged,never"}, []),
        ({"skip_tags": "web"}, []),
        ({"skip_tags": "restart"}, []),
        ({"tags": "always"}, []),
        ({"tags": "untagged"}, []),
        ({"tags": "tagged,all"}, []),
        ({"tags": "wipe"}, []),
        # To Ansible, these are other tags.
        ({"skip_tags": "Always,ALWAYS"}, []),
        ({"skip_tags": "alway,always-not"}, []),
    ],
)
def test_tags_that_switch_off_guards(deploy, options, found):
    assert guards_left_out(make.run(playbook=deploy, **options)) == found


INCLUDING = """
- hosts: all
  gather_facts: false
  tags: [web]
  tasks:
    - ansible.builtin.include_tasks: {file: checks/pre.yml, apply: {tags: [always, applied]}}
      tags: [always, first]
    - block: [{include_role: {name: guards}}]
      tags: [always, block]
    - include_tasks: "{{ anything }}.yml"
    - include_tasks: checks/itself.yml
    - {name: Restart, tags: [restart], ansible.builtin.debug: {msg: restarted}}
"""


@pytest.mark.parametrize(
    ("skipped", "found"),
    [(name, [name]) for name in ("first", "applied", "inside", "block", "of_role", "again")]
    + [(name, []) for name in ("restart", "usual", "web")],
)
def test_guards_in_what_is_included_at_run_time_count(skipped, found):
    make.playbook_file(
        "checks/pre.yml",
        "- {debug: {msg: a}, tags: [inside, always]}\n- {debug: {msg: b}}\n",
    )
    make.playbook_file(
        "roles/guards/tasks/main.yml",
        "- {debug: {msg: a}, tags: [of_role]}\n",
    )
    make.playbook_file(
        "checks/itself.yml",
        "- {include_tasks: itself.yml}\n- {include_tasks: itself.yml}\n"
        "- {debug: {msg: a}, tags: [again, always]}\n- {debug: {msg: b}, tags: [usual]}\n",
    )
    playbook = make.playbook(INCLUDING)
    assert guards_left_out(make.run(playbook=playbook, skip_tags=skipped)) == found
    names = read_task_names(playbook.file_path)
    assert names.names == ("Restart",) and names.is_whole


# --- The column -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([], "Must be an object"),
        ({"becom": "admin"}, "“becom” is not an option. Options: check_mode, "),
        ({"become": "root"}, "become: must be one of operator, admin, nobody."),
        ({"become": None}, "become: must be one of"),
        ({"become": ["admin"]}, "become: must be one of"),
    ],
)
def test_other_rules_are_refused(deploy, value, said):
    deploy.option_rules = value
    with pytest.raises(ValidationError) as refused:
        deploy.full_clean()
    assert said in refused.value.message_dict["option_rules"][0]


@pytest.mark.parametrize(
    "rules",
    [
        *(None, [], "admin", 5, {"": "admin"}, {"become ": "admin"}),
        *({"become": who} for who in (None, {"a": 1}, ["admin"], True, "Admin")),
    ],
)
def test_odd_rules_over_the_api_are_bad_requests(api_of, boss, deploy, rules):
    path = f"/api/playbooks/{deploy.pk}"
    assert api_of(boss).patch(path, {"option_rules": rules}).status_code == 400
    assert not Playbook.objects.get(pk=deploy.pk).option_rules


def test_many_unknown_options_are_named_in_part(api_of, boss, deploy):
    rules = {f"option{number}": "admin" for number in range(5_000)}
    deploy.option_rules = rules
    with pytest.raises(ValidationError) as refused:
        deploy.clean_fields()
    assert len(str(refused.value)) < 10_000 and "… and 4,980 more." in str(refused.value)
    sent = api_of(boss).patch(f"/api/playbooks/{deploy.pk}", {"option_rules": rules})
    assert sent.status_code == 400 and len(sent.content) < 10_000


def test_only_differences_are_stored(deploy):
    everything = deploy.who_may_set()
    assert list(everything) == list(OPTION_RULES)
    assert without_defaults(everything) == {}
    assert without_defaults({**everything, "become": Setter.OPERATOR}) == {"become": "operator"}


@isolate_apps("automation")
def test_another_stored_launch_has_rules_of_its_own(alice, deploy):
    class Template(OptionRules):
        class Meta:
            app_label = "automation"

    run = make.run(playbook=deploy, become=True, forks=9)
    assert Template(option_rules={"become": "operator"}).options_problem(run, alice) == ""
    said = Template(option_rules={"forks": "nobody"}).options_problem(run, alice)
    assert said == (
        "Nobody may set “Forks” (--forks) at a launch. "
        "Only admins may set “Become” (--become) at a launch."
    )


# --- Each way in ----------------------------------------------------------------------------------


@pytest.mark.parametrize("field", RESERVED)
def test_the_api_says_which_and_who(api_of, alice, deploy, web1, field):
    given, words = RESERVED[field]
    body = {"playbook_id": deploy.pk, "server_id": web1.pk, **given}
    client = api_of(alice)
    for more in ({}, {"dry_run": True}):
        with recorded() as lines:
            answer = client.post("/api/jobs", body | more)
        assert answer.status_code == 403
        said = f"Only admins may set {words} at a launch."
        assert answer.json() == {"detail": said, "fields": {field: [said]}}
        assert lines == ["access.denied by alice"]


def test_what_nobody_may_is_a_bad_value(api_of, boss, deploy, web1):
    deploy.option_rules = {"forks": "nobody"}
    deploy.save()
    body = {"playbook_id": deploy.pk, "server_id": web1.pk, "forks": 9}
    answer = api_of(boss).post("/api/jobs", body)
    assert answer.status_code == 400 and set(answer.json()["fields"]) == {"forks"}


def test_the_command(alice, deploy, web1):
    with pytest.raises(CommandError, match=r"Only admins may set “Become” \(--become\)"):
        call_command("run_playbook", "Deploy", "--server=web1", "--user=alice", "--become")


def test_the_form_disables_what_may_not_be_set(client_of, alice, boss, deploy, web1):
    page = client_of(alice).get(LAUNCH, {"playbook": deploy.pk})
    form = page.context["form"]
    assert form.is_disabled("become") and form.is_disabled("start_at_task")
    assert not form.is_disabled("tags") and not form.is_disabled("forks")
    assert [value for value, _label in form.fields["verbosity"].widget.choices] == [0, 1, 2]
    html = page.content.decode()
    assert html.count("Only admins may set this for this playbook.") == 2
    assert "such as “always”, are for admins" in html
    form = client_of(boss).get(LAUNCH, {"playbook": deploy.pk}).context["form"]
    assert not any(form.is_disabled(name) for name in form.fields)
    assert len(form.fields["verbosity"].widget.choices) == 5


def sent(playbook, server, **more):
    """What a browser sends: no disabled field."""
    form = {"playbook": playbook.pk, "servers": [server.pk], "key": "k", "verbosity": 0, "forks": 5}
    return {name: value for name, value in {**form, **more}.items() if value is not None}


def test_disabled_fields_are_not_missed(client_of, alice, deploy, web1):
    deploy.option_rules = dict.fromkeys(OPTION_RULES, "nobody")
    deploy.save()
    answer = send_launch(client_of(alice), sent(deploy, web1, verbosity=None, forks=None))
    assert answer.status_code == 302, answer.context["form"].errors
    run = Run.objects.get()
    assert run.options() == {} and (run.forks, run.verbosity) == (5, 0)


@pytest.mark.parametrize("field", RESERVED)
def test_a_forged_field_is_refused_at_its_place(client_of, alice, deploy, web1, field):
    given, _words = RESERVED[field]
    answer = send_launch(client_of(alice), sent(deploy, web1, **given))
    assert field in answer.context["form"].errors
    assert "Only admins may set" in answer.content.decode()
    assert not Run.objects.exists()


def test_another_playbooks_options_come_with_its_variables(client_of, alice, deploy):
    other = make.playbook(option_rules={"become": "operator", "tags": "nobody"})
    path = reverse("automation:job_launch_variables")
    for playbook, may in ((deploy, False), (other, True)):
        form = client_of(alice).get(path, {"playbook": playbook.pk}).context["form"]
        assert form.is_disabled("become") is not may and form.is_disabled("tags") is may


# --- At the claim ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda: Playbook.objects.filter(name="Deploy").update(option_rules={"become": "nobody"}),
        lambda: User.objects.filter(username="boss").update(role="operator"),
    ],
)
def test_rules_and_role_are_looked_at_again_at_the_claim(boss, deploy, web1, change):
    run = make.launch(deploy, boss, [web1], become=True)
    plain = make.launch(deploy, boss, [web1])
    change()
    assert Run.objects.claim_next() == plain
    run.refresh_from_db()
    assert run.state == "finished" and "Become" in run.cancel_reason
    assert run.cancel_reason.endswith("That was changed while the run waited.")


def test_what_was_allowed_stays_allowed(boss, deploy, web1):
    run = make.launch(deploy, boss, [web1], become=True, skip_tags="always")
    assert Run.objects.claim_next() == run
