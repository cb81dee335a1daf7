"""The launch form: what it asks, what it rejects and where, what it keeps."""

import re

import pytest
from django.urls import reverse

from audit.models import AuditLog
from automation.forms import server_choice
from automation.models import Job, Run
from tests import make
from tests.automation.sending import send_launch

LAUNCH = reverse("automation:job_launch")
SCHEMA = {
    "version": {"type": "string", "required": True, "help": "The tag of the release"},
    "colour": {"type": "choice", "choices": ["blue", "green"], "default": "blue"},
    "port": {"type": "choice", "choices": [80, 8080]},
    "restart": {"type": "boolean", "default": True, "label": "Restart it"},
    "count": {"type": "integer", "default": 3},
    "ratio": {"type": "number"},
    "names": {"type": "list", "default": ["a"]},
    "limits": {"type": "object"},
    "motd": {"type": "string", "default": "one\ntwo"},
    "password": {"type": "string", "secret": True},
}


@pytest.fixture
def playbook(db):
    return make.playbook(name="Deploy", variables=SCHEMA)


@pytest.fixture
def servers(db):
    return [make.server(hostname=f"web{number}.example.com") for number in range(3)]


def filled(playbook, servers, **more):
    return {
        "playbook": playbook.pk,
        "servers": [server.pk for server in servers],
        "verbosity": 0,
        "forks": 5,
        "key": "a-key",
        "var_version": "1.4",
        "var_colour": "green",
        "var_count": 4,
        "var_names": '["x", "y"]',
        "var_motd": "one\r\ntwo",
    } | more


def without_variables(servers, **more):
    plain = make.playbook(accepts_undeclared=True)
    form = filled(plain, servers)
    return {k: v for k, v in form.items() if not k.startswith("var_")} | more


def errors(answer):
    return answer.context["form"].errors


def test_what_the_url_names_is_chosen(client_of, alice, playbook, servers):
    query = {"playbook": playbook.pk, "server": [servers[0].pk, servers[2].pk]}
    answer = client_of(alice).get(LAUNCH, query)
    page = answer.content.decode()
    assert "Selected: 2 of 3 active servers" in page and "Run on 2 servers" in page
    assert 'checked><span class="io-grow">web0.example.com' in page
    assert 'checked><span class="io-grow">web1.example.com' not in page
    for words in ("The tag of the release", "Restart it", 'type="password"', "--check", "--tags"):
        assert words in page, words


def test_of_many_servers_only_some_are_in_the_page(client_of, alice, playbook, query_ceiling):
    for number in range(40):
        make.server(hostname=f"many{number:02}.example.com")
    client = client_of(alice)
    with query_ceiling(14):  # three for the groups that are offered
        page = client.get(LAUNCH, {"playbook": playbook.pk}).content.decode()
    assert page.count('name="servers"') == 30 and "many29" in page and "many30" not in page
    assert "Only the first 30 are shown." in page


def test_servers_are_found_as_one_types(client_of, alice, servers):
    make.server(hostname="web-asleep.example.com", is_active=False)
    db1 = make.server(hostname="db1.example.com", environment="production", ip_address="10.0.7.9")
    client = client_of(alice)
    page = client.post(reverse("automation:job_launch_servers"), {"q": "web"}).content.decode()
    found = re.findall(r'value="(\d+)"', page)
    assert found == [str(each.pk) for each in servers] and "asleep" not in page
    # Chosen servers stay, whatever is typed, with their environment and address.
    asked = {"q": "web2", "servers": [db1.pk, "x", "9" * 30]}
    page = client.post(reverse("automation:job_launch_servers"), asked).content.decode()
    assert f'value="{db1.pk}" checked>' in page and "web2" in page and "web1" not in page
    assert "warning</span>production" in page and "10.0.7.9" in page


def test_of_many_chosen_servers_all_stay_chosen(client_of, alice, monkeypatch):
    monkeypatch.setattr(server_choice, "CHOSEN_SHOWN", 2)
    chosen = [make.server(hostname=f"many{number}") for number in range(5)]
    asked = {"servers": [each.pk for each in chosen]}
    page = client_of(alice).post(reverse("automation:job_launch_servers"), asked)
    page = page.content.decode()
    assert page.count(" checked>") == 2 and page.count('type="hidden" name="servers"') == 3
    assert "and 3 more selected" in page


def test_it_launches(client_of, alice, playbook, servers):
    form = filled(playbook, servers[:1], check_mode="on", tags="web,config", var_password="s3cret")
    answer = send_launch(client_of(alice), form)
    job = Job.objects.get()
    assert answer.url == job.get_absolute_url()
    assert (job.user, job.server, job.run.check_mode, job.run.tags) == (
        alice,
        servers[0],
        True,
        "web,config",
    )
    assert job.masked_extra_vars == {
        "version": "1.4",
        "colour": "green",
        "restart": False,
        "count": 4,
        "names": ["x", "y"],
        "motd": "one\ntwo",
        "password": "********",
    }
    assert AuditLog.objects.filter(action="run.launched", user=alice).exists()


def test_several_servers_make_one_run(client_of, alice, playbook, servers):
    answer = send_launch(client_of(alice), filled(playbook, servers))
    run = Run.objects.get()
    assert run.jobs.count() == 3 and answer.url == run.get_absolute_url()


def test_a_choice_keeps_its_type(client_of, alice, playbook, servers):
    send_launch(client_of(alice), filled(playbook, servers, var_port="8080"))
    assert Run.objects.get().extra_vars["port"] == 8080


def test_sent_twice_it_runs_once(client_of, alice, playbook, servers):
    client = client_of(alice)
    first = send_launch(client, filled(playbook, servers), follow=True).content.decode()
    again = send_launch(client, filled(playbook, servers), follow=True).content.decode()
    assert Run.objects.count() == 1
    assert "Launched " in first and "was already sent" in again
    assert "not launched" not in again


@pytest.mark.parametrize("change", [{"check_mode": "on"}, {"servers": "first"}])
def test_sent_again_with_changes_it_says_that_they_were_not_launched(
    client_of, alice, playbook, servers, change
):
    """The first answer was lost, and something was changed before the second click."""
    client = client_of(alice)
    send_launch(client, filled(playbook, servers))
    if "servers" in change:
        change = {"servers": [servers[0].pk]}
    again = send_launch(client, filled(playbook, servers) | change, follow=True).content.decode()
    assert Run.objects.count() == 1
    assert "What you have changed since was not launched" in again


def test_going_back_brings_a_new_form(client_of, alice):
    client = client_of(alice)
    answers = [client.get(LAUNCH) for _ in range(2)]
    assert "no-store" in answers[0]["Cache-Control"]
    assert len({answer.context["form"]["key"].value() for answer in answers}) == 2


def test_help_out_of_a_file_is_only_text(client_of, alice):
    spec = {"type": "string", "help": "<img src=x onerror=alert(1)>", "label": "<b>label</b>"}
    playbook = make.playbook(variables={"x": spec})
    page = client_of(alice).get(LAUNCH, {"playbook": playbook.pk}).content.decode()
    assert "<img src=x" not in page and "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "<b>label" not in page


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("var_version", "", "A value is required."),
        ("var_colour", "red", "Select a valid choice"),
        ("var_count", "many", "whole number"),
        ("var_names", "[1,", "valid JSON"),
        ("var_limits", "[1]", "must be an object"),
        ("tags", "a b", "Enter comma-separated tags"),
        ("forks", "0", "greater than or equal to 1"),
        ("forks", "501", "less than or equal to 500"),
        ("verbosity", "9", "Select a valid choice"),
        ("servers", [], "Choose at least one server"),
        ("servers", ["999999"], "not one of the available choices"),
        ("servers", ["x"], "not a valid value"),
        ("servers", ["9" * 30], "There is no server"),
        ("playbook", "9" * 30, "no such active playbook"),
        ("key", "", "required"),
        ("playbook", "999999", "no such active playbook"),
        ("playbook", "x", "no such active playbook"),
    ],
)
def test_an_error_stands_at_its_field(client_of, alice, playbook, servers, field, value, message):
    answer = send_launch(client_of(alice), filled(playbook, servers) | {field: value})
    assert answer.status_code == 200
    assert message in str(errors(answer)[field])
    assert not Run.objects.exists()


def test_what_was_typed_is_still_there_but_secrets_are_not(client_of, alice, playbook, servers):
    form = filled(playbook, servers, var_version="", var_motd="kept as typed", tags="also-kept")
    answer = send_launch(client_of(alice), form | {"var_password": "s3cret"})
    page = answer.content.decode()
    for words in ("kept as typed", "also-kept", "web0.example.com", "Secrets must be re-entered"):
        assert words in page, words
    assert "s3cret" not in page


def test_a_changed_file_is_refused(client_of, alice, playbook, servers):
    make.playbook_file(playbook.file_path, "- hosts: all\n  tasks: []\n")
    answer = send_launch(client_of(alice), filled(playbook, servers))
    assert "has changed since" in answer.content.decode()
    assert not Run.objects.exists()


def test_an_inactive_server_is_refused_by_name(client_of, alice, playbook, servers):
    asleep = make.server(hostname="asleep.example.com", is_active=False)
    answer = send_launch(client_of(alice), filled(playbook, [asleep]))
    assert "Inactive: asleep.example.com" in answer.content.decode()


def test_a_playbook_without_a_schema_takes_an_object(client_of, alice, servers):
    form = without_variables(servers, extra_vars='{"version": "1.4"}')
    send_launch(client_of(alice), form)
    assert Run.objects.get().extra_vars == {"version": "1.4"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "must be an object"),
        ("{", "valid JSON"),
        ('{"ansible_user": "root"}', "control Ansible"),
        ('{"a b": 1}', "Not a variable name"),
        ('{"a": NaN}', ""),
        ('{"a": "\\ud800"}', ""),
    ],
)
def test_an_object_that_cannot_be_used(client_of, alice, servers, text, message):
    answer = send_launch(client_of(alice), without_variables(servers, extra_vars=text))
    assert message in str(errors(answer)["extra_vars"])


def test_an_emptied_text_is_empty_and_not_its_default(client_of, alice, playbook, servers):
    send_launch(client_of(alice), filled(playbook, servers, var_motd=""))
    assert Run.objects.get().extra_vars["motd"] == ""


def test_relaunch_fills_the_form_but_for_secrets(client_of, alice, playbook, servers):
    client = client_of(alice)
    send_launch(client, filled(playbook, servers[:1], diff_mode="on", var_password="s3cret"))
    job = Job.objects.get()
    answer = client.get(LAUNCH, {"job": str(job.job_id)})
    form = answer.context["form"]
    assert form["var_version"].value() == "1.4" and form["diff_mode"].value() is True
    assert form["key"].value() != "a-key"
    assert "web0.example.com" in answer.content.decode()
    assert "****" not in answer.content.decode()


def test_the_variables_of_another_playbook(client_of, alice, playbook):
    path = reverse("automation:job_launch_variables")
    page = client_of(alice).get(path, {"playbook": playbook.pk}).content.decode()
    assert 'name="var_version"' in page
    page = client_of(alice).get(path, {"playbook": "x"}).content.decode()
    variables, _, options = page.partition('data-fields="options"')
    assert "name=" not in variables and 'name="forks"' in options


def test_a_fresh_install_says_what_is_missing(client_of, boss):
    page = client_of(boss).get(LAUNCH).content.decode()
    assert "No server is active." in page


HUGE = "9" * 30


@pytest.mark.parametrize(
    "query",
    ["server=999", "server=x", "playbook=999", "job=x", f"server={HUGE}", f"playbook={HUGE}"],
)
def test_unknown_rows(client_of, alice, query):
    assert client_of(alice).get(f"{LAUNCH}?{query}").status_code == 404


def test_wrong_method(client_of, alice):
    assert client_of(alice).put(LAUNCH).status_code == 405
    assert client_of(alice).post(reverse("automation:job_launch_variables")).status_code == 405


def test_a_viewer_does_not_launch(client_of, bob, playbook, servers):
    assert client_of(bob).get(LAUNCH).status_code == 403
    assert client_of(bob).post(LAUNCH, filled(playbook, servers)).status_code == 403
    assert not Run.objects.exists()
    assert AuditLog.objects.filter(action="access.denied", user=bob).count() == 2


def test_a_stranger_signs_in_first(client, client_of, charlie):
    for stranger in (client, client_of(charlie)):
        answer = stranger.get(LAUNCH)
        assert answer.status_code == 302 and answer.url.startswith(reverse("admin:login"))


TEMPLATE = "backup-{{ region }}"
ASKING = [
    {
        **make.HELLO[0],
        "vars_prompt": [
            {"name": "bucket", "private": False, "default": TEMPLATE},
            {"name": "login_hash", "default": "hunter2"},
        ],
    }
]
OWN = {
    "bucket": {"playbook_default": TEMPLATE},
    "login_hash": {"secret": True, "playbook_default": ""},
    "size": {"type": "choice", "choices": ["s", "m"], "playbook_default": "m"},
}


@pytest.mark.parametrize("schema", [OWN, OWN | {"bucket": {"default": TEMPLATE}}])
def test_the_playbooks_own_default_is_a_placeholder_and_no_value(client_of, alice, servers, schema):
    playbook = make.playbook(ASKING, variables=schema)
    form = client_of(alice).get(LAUNCH, {"playbook": playbook.pk}).context["form"]
    bucket, login_hash = form["var_bucket"], form["var_login_hash"]
    assert bucket.value() is None and not bucket.field.required
    assert bucket.field.widget.attrs["placeholder"] == f"Default: {TEMPLATE}"
    assert login_hash.field.widget.attrs["placeholder"] == "Set by the playbook"
    assert form["var_size"].field.choices[0] == ("", "Default: m")


@pytest.mark.parametrize("typed", ["{{ region }}", TEMPLATE])
@pytest.mark.parametrize("schema", [OWN, OWN | {"bucket": {"default": TEMPLATE}}])
def test_what_is_typed_over_the_playbooks_own_default_is_given(
    client_of, alice, servers, schema, typed
):
    playbook = make.playbook(ASKING, variables=schema)
    client = client_of(alice)
    sent = without_variables(servers, playbook=playbook.pk, var_bucket="", var_size="")
    send_launch(client, sent)
    assert Run.objects.get().extra_vars == {}
    send_launch(client, sent | {"var_bucket": typed, "key": "another"})
    assert Run.objects.order_by("pk").last().extra_vars == {"bucket": typed}


def test_a_run_with_the_playbooks_own_default_is_relaunched_with_it(client_of, alice, servers):
    playbook = make.playbook(ASKING, variables=OWN)
    run = make.job(playbook=playbook, status="failed", server=servers[0]).run
    form = client_of(alice).get(LAUNCH, {"run": run.pk}).context["form"]
    assert form["var_bucket"].value() is None
    assert make.relaunch(run, alice).extra_vars == {}


def test_errors_and_help_describe_their_fields(client_of, alice, playbook, servers):
    sent = {
        "playbook": playbook.pk,
        "check": "1",
        "var_version": "",
        "var_count": "x",
        "forks": "0",
    }
    page = client_of(alice).post(LAUNCH, sent).content.decode()
    described = re.findall(r'aria-describedby="([^"]+)"', page)
    ids = [each for text in described for each in text.split()]
    assert {"id_var_version_error", "id_var_count_error", "id_var_version_helptext"} <= set(ids)
    assert "launch-servers_error" in ids
    for each in ids:
        assert page.count(f'id="{each}"') == 1, each
