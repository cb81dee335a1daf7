"""What the audit trail records: who, what, from where, and never a secret."""

from types import SimpleNamespace
from unittest.mock import ANY

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory
from rest_framework.test import APIClient

from accounts.models import FailedAttempts
from audit.context import acting_as, current
from audit.middleware import AuditContextMiddleware, remote_address
from audit.models import AuditLog
from audit.redaction import MASK, has_mask, redacted, secrets_within, unmasked
from automation.models import Playbook
from inventory.models import Server
from schema.secret_names import is_secret_name
from tests import make

pytestmark = pytest.mark.django_db

LOGIN = "/admin/login/"


def last() -> AuditLog:
    return AuditLog.objects.order_by("-id")[0]


def actions() -> list[str]:
    """Oldest first, without those from setting up the database."""
    lines = AuditLog.objects.exclude(resource_type="playbook").order_by("id")
    return list(lines.values_list("action", flat=True))


# --- Who ------------------------------------------------------------------------------------------


def test_without_a_request_the_system_acts():
    line = make.audit_line("run.started")
    assert (line.user_id, line.actor_name, line.ip_address, line.user_agent) == (
        None,
        "system",
        None,
        "",
    )


def test_whoever_the_block_names_acts_and_blocks_nest(alice, bob):
    with acting_as(alice, ip_address="192.0.2.1", user_agent="outer"):
        with acting_as(bob, user_agent="x" * 300):
            inner = make.audit_line()
        with pytest.raises(ZeroDivisionError), acting_as(bob):
            raise ZeroDivisionError
        outer = make.audit_line()
    assert (inner.actor_name, inner.user_id, inner.ip_address) == ("bob", bob.pk, None)
    assert inner.user_agent == "x" * 255
    assert (outer.actor_name, outer.ip_address, outer.user_agent) == ("alice", "192.0.2.1", "outer")
    assert current().user is None


def test_a_named_actor_goes_before_the_blocks(alice, bob):
    with acting_as(alice):
        assert make.audit_line(actor=bob).user_id == bob.pk


def test_a_line_names_its_object_in_words():
    assert make.audit_line("x.done", make.server(hostname="web1")).object_name == "web1"


def test_an_object_is_called_as_the_api_calls_it():
    job = make.job()
    assert make.audit_line("job.seen", job).resource_id == str(job.job_id)
    server = make.server()
    line = make.audit_line("server.seen", server)
    assert (line.resource_type, line.resource_id) == ("server", str(server.pk))
    assert list(AuditLog.objects.about(server)) == [line]


# --- A request ------------------------------------------------------------------------------------


def test_logging_in_and_out_is_recorded(alice):
    client = Client(headers={"User-Agent": "Firefox"}, REMOTE_ADDR="192.0.2.7")
    client.post(LOGIN, {"username": "Alice", "password": make.PASSWORD})
    line = last()
    assert (line.action, line.user_id, line.resource_id) == (
        "user.logged_in",
        alice.pk,
        str(alice.pk),
    )
    assert (line.ip_address, line.user_agent) == ("192.0.2.7", "Firefox")
    client.post("/admin/logout/")
    assert (last().action, last().user_id) == ("user.logged_out", alice.pk)
    assert actions() == ["user.logged_in", "user.logged_out"]


def test_a_failed_log_in_is_recorded_without_the_password(alice):
    client = Client(REMOTE_ADDR="192.0.2.7")
    client.post(LOGIN, {"username": "alice", "password": "not this one"})
    # Failures in a row are one line: here, those before somebody logs in.
    client.post(LOGIN, {"username": "alice", "password": make.PASSWORD})
    line = AuditLog.objects.get(action="user.login_failed")
    assert (line.action, line.user_id, line.actor_name) == ("user.login_failed", None, "anonymous")
    assert line.details == {
        "username": "alice",
        "attempts": 1,
        "refused": 0,
        "since": ANY,
        "actor": "anonymous",
        "actor_id": None,
        "via": "console",
    }
    assert line.ip_address == "192.0.2.7"
    client.post(LOGIN, {"username": "\0" + "é" * 300, "password": "x"})
    assert FailedAttempts.objects.count() == 0  # the form rejects that name itself


def test_an_edit_through_a_session_names_its_user(boss, client_of):
    server = make.server()
    with acting_as(None):
        response = client_of(boss).post(f"/admin/inventory/server/{server.pk}/delete/", {"post": 1})
    assert response.status_code == 302
    line = AuditLog.objects.get(action="server.deleted")
    assert (line.user_id, line.ip_address) == (boss.pk, "127.0.0.1")


def test_an_api_key_names_its_owner(boss):
    key, token = make.api_key(boss)
    server = make.server()
    api = APIClient(headers={"Authorization": f"Bearer {token}", "User-Agent": "curl"})
    response = api.patch(f"/api/servers/{server.pk}", {"ssh_port": 2222}, REMOTE_ADDR="192.0.2.8")
    assert response.status_code == 200, response.data
    line = AuditLog.objects.get(action="server.updated")
    assert (line.user_id, line.actor_name) == (boss.pk, "boss")
    assert (line.ip_address, line.user_agent) == ("192.0.2.8", "curl")
    assert line.details["via"] == f"API key {key}"


@pytest.mark.parametrize(
    ("argv", "via"),
    [
        (["/opt/infraops/manage.py", "import_inventory", "hosts"], "command import_inventory"),
        (["manage.py"], None),
        (["manage.py", "--version"], None),
        (["/usr/bin/gunicorn", "infraops"], None),
    ],
)
def test_without_a_request_the_command_is_named(db, monkeypatch, argv, via):
    monkeypatch.setattr("sys.argv", argv)
    assert AuditLog.objects.record("server.updated").details.get("via") == via


def test_the_context_ends_with_the_request(alice):
    seen = []

    def page(request):
        seen.append(current())
        return "answer"

    request = RequestFactory().get("/", headers={"User-Agent": "x"})
    request.user = AnonymousUser()
    assert AuditContextMiddleware(page)(request) == "answer"
    assert seen[0].ip_address == "127.0.0.1"
    assert current().ip_address is None


def test_whoever_signs_in_within_the_request_is_named(alice):
    """An API key is read inside the view, after all middleware."""
    request = RequestFactory().get("/")
    request.user = AnonymousUser()

    def page(request):
        request.user = alice
        return make.audit_line()

    assert AuditContextMiddleware(page)(request).actor_name == "alice"


# --- Address and client ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trusted", "remote", "forwarded", "expected"),
    [
        ([], "192.0.2.1", "", "192.0.2.1"),
        ([], "192.0.2.1", "203.0.113.9", "192.0.2.1"),
        (["10.0.0.0/8"], "192.0.2.1", "203.0.113.9", "192.0.2.1"),
        (["10.0.0.0/8"], "10.0.0.1", "203.0.113.9", "203.0.113.9"),
        (["10.0.0.0/8"], "10.0.0.1", "198.51.100.66, 203.0.113.9", "203.0.113.9"),
        (["10.0.0.0/8"], "10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (["10.0.0.1"], "10.0.0.1", "203.0.113.9,10.0.0.2", "10.0.0.2"),
        (["10.0.0.0/8"], "10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        (["10.0.0.0/8"], "10.0.0.1", "203.0.113.9, <script>", "10.0.0.1"),
        (["10.0.0.0/8"], "10.0.0.1", "", "10.0.0.1"),
        (["10.0.0.0/8"], "::ffff:10.0.0.1", "2001:db8::1", "2001:db8::1"),
        (["2001:db8::/32"], "2001:db8::1", "fe80::1%" + "x" * 60, "fe80::1"),
        ([], "", "203.0.113.9", None),
        ([], "a socket", "", None),
    ],
)
def test_an_address_is_believed_from_trusted_proxies_only(
    settings, trusted, remote, forwarded, expected
):
    settings.TRUSTED_PROXIES = trusted
    request = RequestFactory().get("/", REMOTE_ADDR=remote, headers={"X-Forwarded-For": forwarded})
    assert remote_address(request) == expected


def test_a_request_without_an_address_has_none():
    request = SimpleNamespace(META={}, headers={})
    assert remote_address(request) is None


# --- Secrets --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "DB_PASSWORD",
        "ansible_become_pass",
        "ansible_ssh_pass",
        "api-token",
        "clientSecret",
        "private key",
        "aws_secret_access_key",
        "apiKey",
        "db_pwd",
    ],
)
def test_this_name_tells_of_a_secret(name):
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["user", "bypass", "compass", "passenger", "key_name", "port"])
def test_this_name_does_not(name):
    assert not is_secret_name(name)


def test_nested_secrets_are_masked():
    given = {
        "db": {"password": "x", "port": 1},
        "all": [{"token": "x"}, "plain"],
        "secret": {"any": "thing"},
        "passwd": "",
    }
    assert redacted(given) == {
        "db": {"password": MASK, "port": 1},
        "all": [{"token": MASK}, "plain"],
        "secret": MASK,
        "passwd": "",
    }


ANNA, BERT = {"name": "anna", "password": "A"}, {"name": "bert", "password": "B"}
ONE, TWO = {"token": "1"}, {"token": "2"}


@pytest.mark.parametrize(
    ("stored", "sent", "kept"),
    [
        ([ANNA, BERT], [{"name": "bert", "password": MASK}], [BERT]),
        ([ANNA, BERT], [redacted(BERT), redacted(ANNA)], [BERT, ANNA]),
        # Edited in place.
        (
            [ANNA, BERT],
            [redacted(ANNA), {**BERT, "name": "carl", "password": MASK}],
            [ANNA, {**BERT, "name": "carl"}],
        ),
        (
            [ANNA],
            [{"name": "new", "password": "N"}, redacted(ANNA)],
            [{"name": "new", "password": "N"}, ANNA],
        ),
        ([ONE, TWO], [redacted(ONE), redacted(TWO)], [ONE, TWO]),
        (
            [1, {"port": 1, **ONE}],
            [1.0, {"port": True, "token": MASK}],
            [1.0, {"port": True, **ONE}],
        ),
    ],
)
def test_a_mask_stands_for_the_secret_of_its_own_item(stored, sent, kept):
    """Not for that of the place: an item before it may have been removed."""
    found = unmasked({"users": sent}, {"users": stored})["users"]
    assert repr(found) == repr(kept)


@pytest.mark.parametrize(
    ("stored", "sent"),
    [
        ([ONE, TWO], [redacted(TWO)]),
        ([ANNA, BERT], [{"name": "carl", "password": MASK}]),
        ([ANNA, BERT], [{"name": "bertha", "password": MASK}, redacted(ANNA)]),
    ],
)
def test_a_mask_that_could_stand_for_several_secrets_stays_one(stored, sent):
    assert has_mask(unmasked({"users": sent}, {"users": stored}))


def test_secrets_in_an_edited_record_are_masked():
    server = Server(
        hostname="web1",
        ip_address="192.0.2.1",
        variables={"db": {"password": "hunter2", "port": 1}, "ansible_become_pass": "hunter2"},
    )
    server.save()
    server.variables["db"] = {"password": "hunter3", "port": 2}
    server.save()
    created, updated = AuditLog.objects.filter(resource_type="server").order_by("id")
    assert "hunter" not in str(created.details) + str(updated.details)
    before, after = updated.details["changes"]["variables"]
    assert before["db"] == {"password": MASK, "port": 1}
    assert after["db"] == {"password": MASK, "port": 2}


def test_a_default_in_a_playbooks_schema_is_masked(boss):
    make.playbook_file("a.yml", make.HELLO)
    playbook = Playbook(name="a", file_path="a.yml", variables={"db_password": {"help": "x"}})
    playbook.full_clean()
    playbook.save()
    line = AuditLog.objects.about(playbook).get()
    assert line.details["changes"]["variables"][1] == {"db_password": MASK}


# --- One line per change --------------------------------------------------------------------------


def test_a_verb_is_one_line(boss, alice):
    ticket = make.ticket()
    ticket.resolve(alice)
    assert actions() == ["ticket.resolved"]
    key, _token = make.api_key(alice, actor=boss)
    key.revoke(boss)
    assert actions() == ["ticket.resolved", "apikey.issued", "apikey.revoked"]


def test_a_changed_file_that_is_accepted_is_one_line(boss):
    playbook = make.playbook()
    make.playbook_file(playbook.file_path, make.HELLO_FACTS)
    assert playbook.accept_file(boss)
    lines = AuditLog.objects.about(playbook)
    assert [line.action for line in lines] == ["playbook.file_accepted"]


def test_a_launch_is_one_line(alice):
    run = make.launch(make.playbook(), alice, [make.server(), make.server()])
    assert actions() == ["run.launched"]
    line = last()
    assert (line.user_id, line.details["server_count"]) == (alice.pk, 2)
    assert line.resource_id == str(run.pk)


def test_a_long_list_with_masks_is_not_compared_item_by_item():
    class Name(str):
        compared = 0

        def __eq__(self, other):
            Name.compared += 1
            return str.__eq__(self, other)

        __hash__ = str.__hash__

    stored = [{"name": Name(f"user{number}"), "password": f"p{number}"} for number in range(1000)]
    sent = [{"name": Name(f"user{number}"), "password": MASK} for number in reversed(range(1000))]
    sent.append({"name": "new", "password": "n"})
    found = unmasked({"users": sent}, {"users": stored})["users"]
    assert [user["password"] for user in found[:2]] == ["p999", "p998"] and not has_mask(found)
    assert Name.compared < 20_000


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"user": "anna", "db": {"password": "hunter2!"}, "pin": 123456}', ["hunter2!", "123456"]),
        ("users:\n- name: anna\n  token: 'sesame-1'\n", ["sesame-1"]),
        ("export DB_PASSWORD=hunter2!\nPORT=808080\n", ["hunter2!"]),
        ('[db]\npassword = "hunter2!";\n', ["hunter2!"]),
        ("password: abc", []),
        ("no name at all", []),
        ("[" * 100_000, []),
        ("", []),
    ],
)
def test_secrets_within_a_text_are_known_alone(text, found):
    assert list(secrets_within(text)) == found
