"""API keys: shown once, stored as a digest, usable until revoked or expired."""

import io
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import LAST_USED, ApiKey, digest_of
from audit.models import AuditLog
from automation.tasks import every_minute
from schema.exceptions import Refused
from tests import make

pytestmark = pytest.mark.django_db


def test_the_token_is_kept_as_a_digest_only(alice):
    key, token = ApiKey.objects.issue(alice, name="deploy", actor=alice)
    assert token.startswith(f"{key.prefix}.") and len(token) > 50
    stored = ApiKey.objects.values().get(pk=key.pk)
    assert stored["digest"] == digest_of(token)
    assert token.partition(".")[2] not in str(stored)
    line = AuditLog.objects.about(key).get()
    assert (line.action, line.actor_name, line.details["owner"]) == (
        "apikey.issued",
        "alice",
        "alice",
    )
    assert token not in str(line.details)


def test_a_token_finds_its_key(alice):
    key, token = make.api_key(alice)
    assert ApiKey.objects.matching(token) == key
    for other in ("", token[:-1], token.upper(), "\0", "é", "a.b"):
        assert ApiKey.objects.matching(other) is None


def test_a_revoked_key_ends_for_good(boss, alice):
    key, token = make.api_key(alice)
    assert key.revoke(boss) is True
    assert key.revoke(boss) is False
    assert ApiKey.objects.matching(token) is None and not key.is_usable
    assert AuditLog.objects.filter(action="apikey.revoked").count() == 1


def test_an_expired_key_ends(alice):
    key, token = make.api_key(alice, expires_at=timezone.now() + timedelta(days=1))
    assert ApiKey.objects.matching(token) == key and key.is_usable
    later = timezone.now() + timedelta(days=2)
    assert not ApiKey.objects.usable(at=later).exists()
    ApiKey.objects.update(expires_at=timezone.now())
    assert ApiKey.objects.matching(token) is None
    key.refresh_from_db()
    assert not key.is_usable


def test_a_key_is_worth_what_its_owner_is(alice):
    key, token = make.api_key(alice)
    alice.is_active = False
    alice.save()
    assert ApiKey.objects.matching(token) is None
    key.refresh_from_db()
    assert not key.is_usable


def test_nobody_inactive_gets_a_key(charlie):
    with pytest.raises(Refused):
        ApiKey.objects.issue(charlie, name="x")


@pytest.mark.parametrize("bad", [{"name": ""}, {"name": "x" * 81}, {"expires_at": timezone.now()}])
def test_bad_values_are_refused(alice, bad):
    with pytest.raises(ValidationError):
        ApiKey.objects.issue(alice, **{"name": "x", **bad})
    assert not ApiKey.objects.exists()


def test_use_is_noted_without_a_write(alice, django_assert_num_queries):
    key, _token = make.api_key(alice)
    with django_assert_num_queries(0):
        key.touch()
    LAST_USED.write()
    key.refresh_from_db()
    assert key.last_used_at is not None


def test_a_key_ends_after_ninety_days_unless_told_otherwise(alice):
    usual, _token = make.api_key(alice)
    assert timedelta(days=89) < usual.expires_at - timezone.now() <= timedelta(days=90)
    endless, _token = make.api_key(alice, expires_at=None)
    assert endless.expires_at is None


def test_the_trail_tells_once_that_a_key_ends_soon(alice):
    soon, _token = make.api_key(alice, expires_at=timezone.now() + timedelta(days=13))
    make.api_key(alice, expires_at=timezone.now() + timedelta(days=15))
    make.api_key(alice, expires_at=None)
    every_minute(), every_minute()
    line = AuditLog.objects.get(action="apikey.expiring")
    assert (line.resource_id, line.details["owner"]) == (str(soon.pk), "alice")


# --- manage.py create_api_key ---------------------------------------------------------------------


def created(*arguments: str) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("create_api_key", *arguments, stdout=out, stderr=err)
    return out.getvalue().strip(), err.getvalue()


def test_the_command_prints_the_token_alone(alice):
    token, said = created("Alice", "--name", "pipeline", "--days", "30")
    key = ApiKey.objects.matching(token)
    assert key is not None and (key.owner, key.name) == (alice, "pipeline")
    assert timedelta(days=29) < key.expires_at - timezone.now() < timedelta(days=31)
    assert "shown only once" in said and token not in said
    assert AuditLog.objects.about(key).get().actor_name == "system"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["mallory", "--name", "x"], "no user"),
        (["charlie", "--name", "x"], "is inactive"),
        (["alice", "--name", "x" * 81], "80"),
        (["alice", "--name", "x", "--days", "0"], "in the past"),
        (["alice", "--name", "x", "--days", "999999999999"], "too large"),
    ],
)
def test_the_command_says_what_is_wrong(alice, charlie, arguments, reason):
    with pytest.raises(CommandError, match=reason):
        created(*arguments)
    assert not ApiKey.objects.exists()


def test_the_command_gives_an_end_unless_told_otherwise(alice):
    for arguments, days in (((), 90), (("--never-expires",), None)):
        token, said = created("alice", "--name", "x", *arguments)
        end = ApiKey.objects.matching(token).expires_at
        assert (end is None) == (days is None) == ("never expires" in said)
