"""`manage.py create_admin`: from options, from the environment, or interactively."""

import getpass
import io
import sys

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from audit.models import AuditLog
from tests import make

pytestmark = pytest.mark.django_db

STRONG = "a long enough one 7"


@pytest.fixture(autouse=True)
def no_questions(monkeypatch):
    """Ignore the developer's environment, and fail if a test gets an unexpected question."""
    for name in ("USERNAME", "EMAIL", "PASSWORD"):
        monkeypatch.delenv(f"INFRAOPS_ADMIN_{name}", raising=False)

    def asked(*_unused):
        raise AssertionError("It asked.")

    monkeypatch.setattr("builtins.input", asked)
    monkeypatch.setattr(getpass, "getpass", asked)


@pytest.fixture
def typed(monkeypatch):
    """`typed("dora", "dora@example.com", passwords=[…])`: the answers that a person types."""

    def answers(*texts: str, passwords: list[str]):
        lines, secrets = iter(texts), iter(passwords)
        monkeypatch.setattr("builtins.input", lambda _question: next(lines))
        monkeypatch.setattr(getpass, "getpass", lambda _question: next(secrets))

    return answers


@pytest.fixture
def stdin(monkeypatch):
    return lambda text: monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def created(*arguments: str) -> str:
    out = io.StringIO()
    call_command("create_admin", *arguments, stdout=out)
    return out.getvalue()


def test_from_options_with_the_password_on_stdin(stdin):
    stdin(f"{STRONG}\n")
    said = created("--username=Dora", "--email=Dora@example.com", "--password-stdin")
    user = User.objects.get()
    assert (user.username, user.email, user.role) == ("dora", "dora@example.com", "admin")
    assert user.is_active and user.check_password(STRONG)
    assert "dora is an admin now" in said and STRONG not in said
    line = AuditLog.objects.about(user).get()
    assert (line.action, line.actor_name) == ("user.created", "system")


def test_from_the_environment(monkeypatch):
    monkeypatch.setenv("INFRAOPS_ADMIN_USERNAME", "dora")
    monkeypatch.setenv("INFRAOPS_ADMIN_EMAIL", "dora@example.com")
    monkeypatch.setenv("INFRAOPS_ADMIN_PASSWORD", STRONG)
    created("--no-input")
    assert User.objects.get().check_password(STRONG)


def test_by_asking(typed):
    typed("dora", "dora@example.com", passwords=[STRONG, STRONG])
    created()
    assert User.objects.get().check_password(STRONG)


def test_two_passwords_that_differ_are_refused(typed):
    typed("dora", "dora@example.com", passwords=[STRONG, STRONG + "x"])
    with pytest.raises(CommandError, match="differ"):
        created()
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [
        ([], "--username or INFRAOPS_ADMIN_USERNAME"),
        (["--username=dora"], "--email or INFRAOPS_ADMIN_EMAIL"),
        (["--username=dora", "--email=d@example.com"], "INFRAOPS_ADMIN_PASSWORD"),
    ],
)
def test_without_input_it_names_what_is_missing(arguments, missing):
    with pytest.raises(CommandError, match=missing):
        created("--no-input", *arguments)


def test_an_empty_line_is_no_password(stdin):
    stdin("\n")
    with pytest.raises(CommandError, match="Missing"):
        created("--username=dora", "--email=d@example.com", "--password-stdin")


@pytest.mark.parametrize("weak", ["short", "password1234", "85930174620", "dora@example"])
def test_weak_passwords_are_refused(stdin, weak):
    stdin(weak)
    with pytest.raises(CommandError, match="password: "):
        created("--username=dora", "--email=dora@example.com", "--password-stdin")
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("username", "email", "field"),
    [
        ("a b", "d@example.com", "username"),
        ("dora", "nowhere", "email"),
        ("x", "BOB@x.org", "email"),
    ],
)
def test_bad_names_are_refused_by_field(stdin, username, email, field):
    make.user(username="bob", email="bob@x.org")
    stdin(STRONG)
    with pytest.raises(CommandError, match=f"{field}: "):
        created(f"--username={username}", f"--email={email}", "--password-stdin")


def test_an_existing_user_is_left_alone(bob, charlie):
    assert "already exists (viewer)" in created("--username=Bob", "--no-input")
    assert "already exists (viewer, not active)" in created("--username=charlie", "--no-input")
    bob.refresh_from_db()
    assert bob.role == "viewer" and bob.check_password(make.PASSWORD)
    assert not AuditLog.objects.about(bob).exists()


def test_a_lost_password_is_reset(charlie, stdin):
    stdin(STRONG)
    said = created("--username=charlie", "--password-stdin", "--reset-password")
    charlie.refresh_from_db()
    assert charlie.is_superuser and charlie.check_password(STRONG)
    assert "new password" in said
    line = AuditLog.objects.about(charlie).get()
    assert line.details["changes"] == {
        "role": ["viewer", "admin"],
        "is_active": [False, True],
        "password": "********",
    }


def test_there_is_no_option_for_the_password(capsys):
    with pytest.raises(SystemExit):
        call_command("create_admin", "--help")
    assert "--password " not in capsys.readouterr().out
