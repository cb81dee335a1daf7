"""API keys in the admin: the token is shown once, revoking is permanent."""

import re

from django.urls import reverse
from django.utils import timezone

from accounts.models import ApiKey
from audit.models import AuditLog
from tests import make

LIST = reverse("admin:accounts_apikey_changelist")
ADD = reverse("admin:accounts_apikey_add")


def test_the_token_is_shown_once(client_of, boss, alice):
    client = client_of(boss)
    answer = client.post(ADD, {"name": "pipeline", "owner": alice.pk}, follow=True)
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
