"""Variables that a playbook does not declare: only where an admin accepts them."""

import importlib

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.urls import reverse

from automation.models import Playbook, Run
from tests import make
from tests.automation.sending import send_launch

pytestmark = pytest.mark.django_db

LAUNCH = reverse("automation:job_launch")
PROMPTING = [{**make.HELLO[0], "vars_prompt": [{"name": "region", "default": "eu"}]}]


@pytest.fixture
def web1(db):
    return make.server(hostname="web1")


def refusal(playbook, actor, server, **given) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as refused:
        make.launch(playbook, actor, [server], extra_vars=given)
    return refused.value.message_dict


def test_by_default_none_is_accepted(alice, boss, api_of, web1):
    playbook = make.playbook()
    for actor in (alice, boss):
        (said,) = refusal(playbook, actor, web1, size=1)["size"]
        assert said.startswith("The playbook has no such variable. It declares none")
    body = {"playbook_id": playbook.pk, "server_id": web1.pk, "extra_vars": {"size": 1}}
    answer = api_of(alice).post("/api/jobs", body)
    assert answer.status_code == 400 and list(answer.json()["fields"]) == ["extra_vars.size"]


def test_where_accepted_any_is_except_ansibles_own(alice, web1):
    for declared in ({}, {"version": {}}):
        playbook = make.playbook(accepts_undeclared=True, variables=declared)
        assert make.launch(playbook, alice, [web1], extra_vars={"size": 1}).extra_vars == {
            "size": 1
        }
        for name in ("ansible_host", "infraops_x", "groups"):
            assert name in refusal(playbook, alice, web1, **{name: "x"})


def test_a_prompt_of_the_file_counts_as_declared(alice, web1):
    playbook = make.playbook(PROMPTING, variables={"version": {}})
    run = make.launch(playbook, alice, [web1], extra_vars={"region": "us"})
    assert run.extra_vars == {"region": "us"}
    assert "Did you mean “version”?" in refusal(playbook, alice, web1, versoin="1")["versoin"][0]
    assert playbook.undeclared_in(["region", "version", "size"]) == ["size"]


def test_a_relaunch_is_refused_once_they_are_no_longer_accepted(client_of, alice, web1):
    playbook = make.playbook(accepts_undeclared=True)
    run = make.launch(playbook, alice, [web1], extra_vars={"size": 1, "token": "s3cret"})
    run.cancel(alice)
    Playbook.objects.update(accepts_undeclared=False)
    run = Run.objects.get()
    with pytest.raises(ValidationError):
        make.relaunch(run, alice)
    client, said = client_of(alice), "The playbook does not accept the variables size, token."
    page = client.get(run.get_absolute_url(), follow=True).content.decode()
    assert f"Cannot be relaunched unchanged. {said}" in page
    path = reverse("automation:run_relaunch", args=[run.pk])
    page = client.post(path, {"key": "k"}, follow=True).content.decode()
    assert "Nothing was launched. size: The playbook has no such variable." in page
    # Edited, they are left out, and named.
    page = client.get(LAUNCH, {"run": run.pk}).content.decode()
    assert f"{said} They are left out here." in page and "s3cret" not in page
    form = {"playbook": playbook.pk, "servers": [web1.pk], "key": "k2", "verbosity": 0, "forks": 5}
    send_launch(client, form | {"relaunch_of": run.pk})
    assert Run.objects.get(relaunch_of=run).extra_vars == {}


def test_a_waiting_run_with_some_does_not_start_any_more(alice, web1):
    playbook = make.playbook(accepts_undeclared=True)
    run = make.launch(playbook, alice, [web1], extra_vars={"size": 1})
    Playbook.objects.update(accepts_undeclared=False)
    assert Run.objects.claim_next() is None
    run.refresh_from_db()
    assert run.cancel_reason.startswith("The playbook does not accept the variable size.")


# --- The form -------------------------------------------------------------------------------------


def test_the_form_says_why_there_is_no_field(client_of, alice, boss):
    playbook = make.playbook()
    edit = reverse("admin:automation_playbook_change", args=[playbook.pk])
    for user, may in ((alice, False), (boss, True)):
        page = client_of(user).get(LAUNCH, {"playbook": playbook.pk}).content.decode()
        assert "declares no variables" in page and 'name="extra_vars"' not in page
        assert (f'href="{edit}#id_accepts_undeclared"' in page) is may


def test_declared_and_others_are_both_on_the_form(client_of, alice, web1):
    playbook = make.playbook(accepts_undeclared=True, variables={"version": {}})
    client = client_of(alice)
    form = {"playbook": playbook.pk, "servers": [web1.pk], "key": "k", "verbosity": 0, "forks": 5}
    send_launch(client, form | {"var_version": "2", "extra_vars": '{"size": 1}'})
    run = Run.objects.get()
    assert run.extra_vars == {"version": "2", "size": 1}
    doubled = form | {"key": "other", "var_version": "2", "extra_vars": '{"version": "3"}'}
    answer = send_launch(client, doubled)
    assert "Use the fields above for: version." in str(answer.context["form"].errors)
    run.cancel(alice)
    again = client.get(LAUNCH, {"run": run.pk}).context["form"]
    assert again["var_version"].value() == "2" and '"size": 1' in again["extra_vars"].value()


# --- Where they are listed ------------------------------------------------------------------------


def test_a_list_a_filter_and_a_command_show_them(client_of, api_of, bob, capsys):
    make.playbook(name="Free", accepts_undeclared=True)
    make.playbook(name="Strict")
    listed = reverse("admin:automation_playbook_changelist")
    page = client_of(bob).get(listed, {"accepts_undeclared__exact": "1"}).content.decode()
    assert "Free" in page and "Strict" not in page
    rows = api_of(bob).get("/api/playbooks?accepts_undeclared=true").json()["results"]
    assert [row["name"] for row in rows] == ["Free"]
    call_command("import_playbooks", "--dry-run")
    assert "Accept undeclared variables: Free" in capsys.readouterr().out


def test_imported_ones_accept_none_unless_asked_to(tmp_path, settings):
    settings.PLAYBOOK_ROOT = tmp_path
    for name in ("strict", "free"):
        make.playbook_file(f"{name}.yml", make.HELLO)
        call_command("import_playbooks", *(["--undeclared-variables"] if name == "free" else []))
    make.playbook_file("asking.yml", PROMPTING)
    call_command("import_playbooks", "--undeclared-variables")
    own = Playbook.objects.exclude(file_path__startswith="infraops:")
    assert dict(own.values_list("name", "accepts_undeclared")) == {
        "strict": False,
        "free": True,
        "asking": False,
    }


def test_earlier_playbooks_stay_as_they_were():
    migration = importlib.import_module(
        "automation.migrations.0014_undeclared_of_earlier_playbooks"
    )
    make.playbook(name="Free")
    make.playbook(name="Strict", variables={"version": {}})
    migration.keep_accepting(apps, None)
    assert dict(Playbook.objects.values_list("name", "accepts_undeclared")) == {
        "Check connection": False,
        "Free": True,
        "Strict": False,
    }
