"""EncryptedTextField and EncryptedJSONField, on the tables that have them."""

import json

import pytest
from django.forms import modelform_factory

from inventory.models import Credential
from schema.encryption import Sealed, decrypt
from tests import make

pytestmark = pytest.mark.django_db


def stored(name):
    return Credential.objects.values_list(name, flat=True).get()


@pytest.mark.parametrize("text", ["s3cret", "ünï🔑", "a\n" * 10_000, " ", "gAAAAA looks like one"])
def test_a_text_is_stored_as_a_token_and_comes_back(text):
    make.credential(ssh_password=text)

    assert decrypt(stored("ssh_password")) == text
    assert Credential.objects.get().ssh_password.opened() == text


@pytest.mark.parametrize("nothing", ["", None])
def test_no_secret_is_no_token(nothing):
    make.credential(ssh_password=nothing, environment=nothing)

    assert stored("ssh_password") == stored("environment") == ""
    assert Credential.objects.get().ssh_password.opened() == ""


def test_a_structure_comes_back():
    make.credential(environment={"A": "ü", "B": ""})

    assert json.loads(Credential.objects.get().environment.opened()) == {"A": "ü", "B": ""}


def test_saving_again_does_not_encrypt_twice():
    make.credential(ssh_password="once")
    for _ in range(2):
        Credential.objects.get().save()

    assert Credential.objects.get().ssh_password.opened() == "once"


def test_a_query_takes_a_text_too():
    make.credential()
    Credential.objects.update(ssh_password="by query")

    assert Credential.objects.get().ssh_password.opened() == "by query"


def test_the_same_secret_is_given_anew():
    credential = make.credential(ssh_password="same")
    before = credential.ssh_password
    credential.ssh_password = "same"

    assert credential.ssh_password != before


def test_no_form_takes_one_unless_it_asks():
    assert not set(modelform_factory(Credential, fields="__all__").base_fields) & set(
        Credential.SECRETS
    )


def test_it_can_be_left_for_later():
    make.credential(ssh_password="later")
    credential = Credential.objects.defer("ssh_password").get()

    assert "ssh_password" not in vars(credential)
    assert isinstance(credential.ssh_password, Sealed)
    assert credential.ssh_password.opened() == "later"
