"""The rules for options and variables of a playbook: in its form, on its page and in the API."""

import pytest
from django.urls import reverse

from audit.models import AuditLog
from automation.models import Playbook
from automation.models.option_rules import DEFAULTS, OPTION_RULES
from tests import make
from tests.recording import recorded

pytestmark = pytest.mark.django_db


@pytest.fixture
def deploy(db) -> Playbook:
    return make.playbook(name="Deploy", option_rules={"tags": "admin"})


def form(playbook: Playbook, **more: object) -> dict[str, object]:
    """What the form sends for the playbook as it is."""
    rules = {f"may_set_{name}": str(who) for name, who in playbook.who_may_set().items()}
    named = {"name": playbook.name, "file_path": playbook.file_path, "is_active": "on"}
    return {**named, "variables": "{}", "tags": "", **rules, **more}


def change(playbook: Playbook) -> str:
    return reverse("admin:automation_playbook_change", args=[playbook.pk])


def test_an_admin_edits_them_in_plain_words(client_of, boss, deploy):
    client = client_of(boss)
    page = client.get(change(deploy)).content.decode()
    for words in ("Become (--become)", "Operators and admins", "Admins only (default)", "Nobody"):
        assert words in page, words
    with recorded() as lines:
        client.post(change(deploy), form(deploy, may_set_become="nobody", accepts_undeclared="on"))
    assert lines == ["playbook.updated by boss"]
    deploy.refresh_from_db()
    assert deploy.option_rules == {"become": "nobody", "tags": "admin"}
    assert deploy.accepts_undeclared
    changes = AuditLog.objects.filter(action="playbook.updated").get().details["changes"]
    assert set(changes) == {"option_rules", "accepts_undeclared"}
    assert "nobody" in str(changes["option_rules"][1])


def test_back_to_the_defaults_nothing_is_stored(client_of, boss, deploy):
    client_of(boss).post(change(deploy), form(deploy, may_set_tags="operator"))
    deploy.refresh_from_db()
    assert deploy.option_rules == {}


def test_a_form_without_them_leaves_them_alone(client_of, boss, deploy):
    sent = {name: value for name, value in form(deploy).items() if "may_set" not in name}
    client_of(boss).post(change(deploy), sent | {"description": "New"})
    deploy.refresh_from_db()
    assert (deploy.description, deploy.option_rules) == ("New", {"tags": "admin"})


def test_another_choice_is_refused(client_of, boss, deploy):
    answer = client_of(boss).post(change(deploy), form(deploy, may_set_become="root"))
    assert "may_set_become" in answer.context["adminform"].form.errors
    deploy.refresh_from_db()
    assert deploy.option_rules == {"tags": "admin"}


def test_operators_see_and_do_not_edit_them(client_of, alice, bob, deploy):
    assert client_of(alice).post(change(deploy), form(deploy)).status_code == 403
    page = client_of(bob).get(deploy.get_absolute_url()).content.decode()
    assert "May be set by" in page and "Admins only" in page and "changed" in page
    assert "Undeclared variables are refused." in page


def test_the_page_names_the_tags_of_guards(client_of, bob):
    tasks = [{"name": "Check", "tags": ["always", "preflight"], "debug": {"msg": "."}}]
    playbook = make.playbook([{**make.HELLO[0], "tasks": tasks}], accepts_undeclared=True)
    page = client_of(bob).get(playbook.get_absolute_url()).content.decode()
    assert "skipping one switches off a guard: <code>preflight</code>" in page
    assert "Accepts undeclared variables" in page


# --- The API --------------------------------------------------------------------------------------


def test_the_api_shows_all_and_stores_differences(api_of, boss, bob, deploy):
    url = f"/api/playbooks/{deploy.pk}"
    shown = api_of(bob).get(url).json()
    assert shown["option_rules"] == {name: str(who) for name, who in DEFAULTS.items()} | {
        "tags": "admin"
    }
    assert shown["accepts_undeclared"] is False
    admin = api_of(boss)
    with recorded() as lines:
        answer = admin.patch(url, {"option_rules": {"become": "operator", "forks": "operator"}})
    assert answer.status_code == 200 and answer.json()["option_rules"]["tags"] == "operator"
    assert lines == ["playbook.updated by boss"]
    deploy.refresh_from_db()
    assert deploy.option_rules == {"become": "operator"}
    with recorded() as lines:
        admin.patch(url, {"option_rules": answer.json()["option_rules"]})
    assert lines == []


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([], "a dictionary"),
        (None, "may not be null"),
        ({"becom": "admin"}, "“becom” is not an option"),
        ({"become": "root"}, "not a valid choice"),
        ({"become": None}, "may not be null"),
        ({"become": True}, "Not a valid string"),
    ],
)
def test_the_api_refuses_others(api_of, boss, deploy, value, said):
    answer = api_of(boss).patch(f"/api/playbooks/{deploy.pk}", {"option_rules": value})
    assert answer.status_code == 400
    (field,) = answer.json()["fields"]
    assert field.startswith("option_rules") and said in str(answer.json()["fields"])
    deploy.refresh_from_db()
    assert deploy.option_rules == {"tags": "admin"}


def test_an_operator_changes_nothing_through_the_api(api_of, alice, deploy):
    body = {"option_rules": {}, "accepts_undeclared": True}
    assert api_of(alice).patch(f"/api/playbooks/{deploy.pk}", body).status_code == 403


def test_every_rule_is_explained(deploy):
    assert all(rule.label and rule.fields for rule in OPTION_RULES.values())
