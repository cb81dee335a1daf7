"""API keys in the admin: the token is shown once, revoking is permanent."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import ApiKey
from audit.models import AuditLog
from tests import make

LIST = reverse("admin:accounts_apikey_changelist")
ADD = reverse("admin:accounts_apikey_add")
NEVER = {"never_expires": "on"}


def test_the_token_is_shown_once(client_of, boss, alice):
    client = client_of(boss)
    given = {"name": "pipeline", "owner": alice.pk, "own_password": make.PASSWORD, **NEVER}
    answer = client.post(ADD, given)
    assert answer.status_code == 200 and "no-store" in answer.headers["Cache-Control"]
    token = re.search(r'<code id="new-key">(.+?)</code>', answer.content.decode())[1]
    key = ApiKey.objects.matching(token)
    assert (key.name, key.owner) == ("pipeline", alice)
    assert token not in client.get(LIST).content.decode()
    assert AuditLog.objects.filter(action="apikey.issued", user=boss).count() == 1
    assert token not in str(list(AuditLog.objects.values_list("details", flat=True)))


def test_a_name_is_needed(client_of, boss, alice):
    answer = client_of(boss).post(ADD, {"name": "", "owner": alice.pk})
    assert "name" in answer.context["adminform"].form.errors


def test_an_admin_revokes_after_confirming(client_of, boss):
    key, token = make.api_key()
    form = {"action": "revoke", "_selected_action": key.pk}
    client = client_of(boss)
    assert "Revoke these keys permanently?" in client.post(LIST, form).content.decode()
    assert ApiKey.objects.matching(token)
    page = client.post(LIST, form | {"confirmed": "yes"}, follow=True).content.decode()
    assert "Revoked: key" in page
    assert ApiKey.objects.matching(token) is None
    assert AuditLog.objects.filter(action="apikey.revoked", user=boss).exists()


def test_others_see_and_revoke_their_own_and_nothing_else(client_of, alice):
    mine, _ = make.api_key(alice, name="mine")
    other, _ = make.api_key(name="somebody else's")
    client = client_of(alice)
    page = client.get(LIST).content.decode()
    assert "mine" in page and "somebody" not in page
    for key, status in ((mine, 200), (other, 302)):
        path = reverse("admin:accounts_apikey_change", args=[key.pk])
        assert client.get(path).status_code == status
        assert client.post(path, {"name": "x"}).status_code in (302, 403)
    assert client.get(ADD).status_code == 403
    chosen = {"_selected_action": [mine.pk, other.pk], "confirmed": "yes"}
    client.post(LIST, {"action": "revoke", **chosen})
    mine.refresh_from_db(), other.refresh_from_db()
    assert mine.revoked_at and not other.revoked_at


def test_a_key_is_never_deleted(client_of, boss):
    key, _ = make.api_key()
    path = reverse("admin:accounts_apikey_delete", args=[key.pk])
    assert client_of(boss).post(path, {"post": "yes"}).status_code == 403


def test_each_state_has_its_word(client_of, boss):
    make.api_key()
    expired, revoked = make.api_key()[0], make.api_key()[0]
    ApiKey.objects.filter(pk=expired.pk).update(expires_at=timezone.now())
    revoked.revoke(boss)
    page = client_of(boss).get(LIST).content.decode()
    for word in ("Usable", "Expired", "Revoked"):
        assert f"</span>{word}</span>" in page


def test_the_token_travels_in_no_cookie_and_no_session(client_of, boss):
    client = client_of(boss)
    answer = client.post(ADD, {"name": "pipeline", "owner": boss.pk, "once": "1", **NEVER})
    token = re.search(r'<code id="new-key">(.+?)</code>', answer.content.decode())[1]
    secret = token.partition(".")[2]
    assert "messages" not in answer.cookies and secret not in str(answer.cookies)
    assert secret not in str(dict(client.session))


def test_sending_the_form_again_issues_no_other_key(client_of, boss):
    """As a reload of the page with the token does."""
    client = client_of(boss)
    given = {"name": "pipeline", "owner": boss.pk, "once": "1", **NEVER}
    client.post(ADD, given)
    again = client.post(ADD, given, follow=True).content.decode()
    assert "This API key was already issued." in again and "new-key" not in again
    assert ApiKey.objects.count() == 1
    assert client.post(ADD, given | {"once": "2"}).status_code == 200
    assert ApiKey.objects.count() == 2


def test_a_key_for_somebody_else_needs_ones_own_password(client_of, boss, alice):
    client = client_of(boss)
    for password, said in (("", "Enter your own password."), ("x", "This is not your password.")):
        given = {"name": "x", "owner": alice.pk, "own_password": password, **NEVER}
        answer = client.post(ADD, given)
        assert answer.context["adminform"].form.errors["own_password"] == [said]
    assert not ApiKey.objects.exists()


def test_the_form_proposes_an_end(client_of, boss):
    form = client_of(boss).get(ADD).context["adminform"].form
    end = form.get_initial_for_field(form.fields["expires_at"], "expires_at")
    assert timedelta(days=89) < end - timezone.now() <= timedelta(days=90)


def test_a_key_without_an_end_has_to_be_asked_for(client_of, boss):
    """Clearing the date alone is no wish."""
    client, given = client_of(boss), {"name": "x", "owner": boss.pk}
    for cleared in ({}, {"expires_at_0": "", "expires_at_1": ""}):
        form = client.post(ADD, given | cleared).context["adminform"].form
        assert form.errors["expires_at"] == ["Enter a date, or switch on “Never expires”."]
    assert not ApiKey.objects.exists()
    client.post(ADD, given | {"expires_at_0": "2020-01-01", "expires_at_1": "00:00"} | NEVER)
    assert ApiKey.objects.get().expires_at is None


def test_a_date_that_is_none_is_not_never(client_of, boss):
    given = {"name": "x", "owner": boss.pk, "expires_at_0": "soon", "expires_at_1": "00:00"}
    assert "expires_at" in client_of(boss).post(ADD, given).context["adminform"].form.errors
    assert not ApiKey.objects.exists()


def test_a_key_without_an_end_is_marked(client_of, boss):
    make.api_key(boss, expires_at=None)
    client = client_of(boss)
    assert "Never expires" in client.get(LIST).content.decode()
    assert client.get(LIST, {"expires_at__isempty": "1"}).context["cl"].result_count == 1


@pytest.mark.parametrize("url_name", ["home", "accounts:account"])
def test_the_owner_is_told_two_weeks_before_the_end(client_of, alice, bob, url_name):
    make.api_key(alice, name="deploy", expires_at=timezone.now() + timedelta(days=9, minutes=5))
    make.api_key(alice, name="later", expires_at=timezone.now() + timedelta(days=30))
    said = client_of(alice).get(reverse(url_name)).content.decode()
    assert "Your API key “deploy”" in said and "expires in 9 days" in said
    assert "Your API key “later”" not in said
    assert "Your API key" not in client_of(bob).get(reverse(url_name)).content.decode()
