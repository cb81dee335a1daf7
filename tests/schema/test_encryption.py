"""Encryption of secrets at rest."""

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from schema.encryption import Undecryptable, decrypt, encrypt, generate_key


@pytest.mark.parametrize("text", ["s3cret", "", "ünï🔑", '{"token": "x"}', "a\n" * 10_000])
def test_a_secret_comes_back(text):
    token = encrypt(text)
    assert decrypt(token) == text
    assert token.isascii()
    assert not text or text not in token


def test_one_secret_has_many_tokens():
    assert encrypt("same") != encrypt("same")


def test_after_a_change_of_keys_the_old_secrets_open_and_the_new_key_encrypts(settings):
    old, new = generate_key(), generate_key()
    settings.ENCRYPTION_KEYS = [old]
    before = encrypt("before")
    settings.ENCRYPTION_KEYS = [new, old]
    after = encrypt("after")
    assert decrypt(before) == "before"
    settings.ENCRYPTION_KEYS = [new]
    assert decrypt(after) == "after"
    with pytest.raises(Undecryptable, match="No key"):
        decrypt(before)


@pytest.mark.parametrize("token", ["", "nonsense", "ü"])
def test_what_is_no_token_does_not_open(token):
    with pytest.raises(Undecryptable):
        decrypt(token)


def test_an_altered_token_does_not_open():
    token = encrypt("s3cret")
    place = len(token) // 2
    other = "A" if token[place] != "A" else "B"
    with pytest.raises(Undecryptable):
        decrypt(token[:place] + other + token[place + 1 :])


def test_without_a_key_the_error_says_what_to_do(settings):
    settings.ENCRYPTION_KEYS = []
    with pytest.raises(ImproperlyConfigured, match="generate_key"):
        encrypt("s3cret")


@pytest.mark.parametrize("key", ["short", "", "x" * 44, "ü" * 44])
def test_a_broken_key_is_counted_and_not_quoted(settings, key):
    settings.ENCRYPTION_KEYS = [generate_key(), key]
    with pytest.raises(ImproperlyConfigured, match="Key 2 in ENCRYPTION_KEYS") as error:
        encrypt("s3cret")
    assert not key or key not in str(error.value)


@pytest.mark.parametrize("keys", [[], ["short"]])
def test_the_check_finds_missing_and_broken_keys(settings, keys):
    settings.ENCRYPTION_KEYS = keys
    assert [message.id for message in run_checks(tags=["security"])] == ["schema.E001"]


def test_the_check_is_content_with_a_key():
    assert run_checks(tags=["security"]) == []


def test_the_command_prints_a_key_that_works_before_there_is_one(settings, capsys):
    settings.ENCRYPTION_KEYS = []
    # As from a shell: only then would the checks run, and stop it.
    execute_from_command_line(["manage.py", "generate_key"])
    settings.ENCRYPTION_KEYS = [capsys.readouterr().out.strip()]
    assert decrypt(encrypt("s3cret")) == "s3cret"


def test_no_two_keys_are_the_same():
    assert generate_key() != generate_key()
