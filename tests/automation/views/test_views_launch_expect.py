"""The launch form runs exactly the plan that it has shown."""

import pytest

from automation.models import Run
from tests import make

from .test_views_launch import LAUNCH, SCHEMA, filled

NO_DIGEST = "0" * 64


@pytest.fixture
def form(db):
    """The form's data: on staging, with a secret."""
    make.server(hostname="web1", environment="staging")
    playbook = make.playbook(name="Deploy", variables=SCHEMA)
    return filled(playbook, [], environment="staging", var_password="s3cret")


def plan_of(client, form):
    """The plan's digest and signed contents, as the page carries them."""
    intention = client.post(LAUNCH, form).context["intention"]
    return {"expect": intention.digest, "shown": intention.signed}


@pytest.mark.parametrize("more", [{}, {"expect": ""}, {"expect": NO_DIGEST, "check": "yes"}])
def test_without_a_plan_it_shows_one_and_runs_nothing(client_of, alice, form, more):
    answer = client_of(alice).post(LAUNCH, form | more)
    assert answer.status_code == 200 and not Run.objects.exists()
    page = answer.content.decode()
    digest = answer.context["intention"].digest
    assert f'name="expect" value="{digest}"' in page and "Runs “Deploy” on 1 of 1" in page
    assert "Nothing was launched" not in page and "s3cret" not in page


def test_the_plan_that_was_shown_is_run(client_of, alice, form):
    client = client_of(alice)
    answer = client.post(LAUNCH, form | plan_of(client, form))
    assert answer.status_code == 302 and Run.objects.count() == 1


def test_what_changed_since_is_409_and_named(client_of, alice, form):
    client = client_of(alice)
    shown = plan_of(client, form)
    make.server(hostname="<b>web2", environment="staging")
    answer = client.post(LAUNCH, form | shown | {"var_version": "1.5", "tags": "web"})
    assert answer.status_code == 409 and not Run.objects.exists()
    page = answer.content.decode()
    assert "Nothing was launched: what would run has changed." in page
    assert "Added: &lt;b&gt;web2." in page
    assert "Variable version: “1.5”, was “1.4”." in page and "Option --tags: “web”" in page
    assert "Secrets must be re-entered" in page and "s3cret" not in page
    assert 'value="1.5"' in page and "Run on 2 servers" in page
    again = {
        "expect": answer.context["intention"].digest,
        "var_version": "1.5",
        "tags": "web",
    }
    assert client.post(LAUNCH, form | again).status_code == 302


@pytest.mark.parametrize("shown", ["", "nonsense", "a:b:c"])
def test_a_digest_of_nothing_is_409_without_names(client_of, alice, form, shown):
    answer = client_of(alice).post(LAUNCH, form | {"expect": NO_DIGEST, "shown": shown})
    assert answer.status_code == 409 and answer.context["changes"] == []
    assert not Run.objects.exists()


def test_what_is_wrong_comes_before_what_has_changed(client_of, alice, form):
    answer = client_of(alice).post(LAUNCH, form | {"expect": NO_DIGEST, "var_version": ""})
    assert answer.status_code == 200 and "Fix the marked fields." in answer.content.decode()


def test_sent_twice_it_runs_once_whatever_has_changed(client_of, alice, form):
    client = client_of(alice)
    shown = plan_of(client, form)
    first = client.post(LAUNCH, form | shown)
    make.server(hostname="web2", environment="staging")
    assert client.post(LAUNCH, form | shown).url == first.url
    assert Run.objects.count() == 1


def test_variables_of_another_playbook_are_not_taken(client_of, alice, form):
    """Without scripts the fields are still the last playbook's: the new one has its defaults."""
    variables = {
        "version": {"default": "2.0"},
        "restart": {"type": "boolean", "default": True},
        "ports": {"type": "list", "default": [80]},
        "count": {"type": "integer"},
        "colour": {"type": "choice", "choices": ["blue", "green"], "default": "green"},
    }
    other = make.playbook(name="Other", variables=variables)
    client = client_of(alice)
    for before in (form["playbook"], ""):
        changed = form | {"playbook": other.pk, "variables_of": before, "var_version": "1.4"}
        answer = client.post(LAUNCH, changed | {"check": "yes"})
        defaults = {"version": "2.0", "restart": True, "ports": [80], "colour": "green"}
        assert answer.context["intention"].values == defaults
        assert f'name="variables_of" value="{other.pk}"' in answer.content.decode()
    assert client.post(LAUNCH, changed | plan_of(client, form)).status_code == 409
    sent = changed | {"variables_of": other.pk, "var_version": "2.1", "var_ports": "[80]"}
    values = client.post(LAUNCH, sent).context["intention"].values
    assert (values["version"], values["restart"]) == ("2.1", False)
