from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import LAST_USED, ApiKey
from audit.models import AuditLog
from tests import make
from tests.recording import recorded

URL = "/api/api-keys"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_an_admin_issues_a_key_and_its_token_is_shown_this_once(api_of, api, boss, alice):
    admin = api_of(boss)
    with recorded() as lines:
        given = {"name": "deploy pipeline", "owner": "alice", "own_password": make.PASSWORD}
        response = admin.post(URL, given)
    assert response.status_code == 201
    issued = response.json()
    assert (issued["name"], issued["owner"], issued["is_usable"]) == (
        "deploy pipeline",
        "alice",
        True,
    )
    assert lines == ["apikey.issued by boss"]
    assert api.get("/api/users/me", headers=bearer(issued["token"])).json()["username"] == "alice"
    again = admin.get(f"{URL}/{issued['id']}").content + admin.get(URL).content
    trail = str(list(AuditLog.objects.values_list("details", flat=True)))
    assert issued["token"] not in again.decode() + trail
    assert ApiKey.objects.get().digest not in again.decode() + trail


def test_without_an_owner_it_is_ones_own(api_of, boss):
    assert api_of(boss).post(URL, {"name": "mine"}).json()["owner"] == "boss"


@pytest.mark.parametrize(
    ("field", "value", "status", "said"),
    [
        ("name", "", 400, "may not be blank"),
        ("name", "x" * 81, 400, "no more than 80"),
        ("owner", "nobody", 400, "does not exist"),
        ("owner", "charlie", 409, "charlie is inactive"),
        ("expires_at", "2020-01-01T00:00:00Z", 400, "in the past"),
        ("expires_at", "tomorrow", 400, "wrong format"),
        ("scope", "all", 400, "No such field"),
    ],
)
def test_a_bad_value_is_refused(api_of, boss, charlie, field, value, status, said):
    given = {"name": "x", "own_password": make.PASSWORD, field: value}
    response = api_of(boss).post(URL, given)
    assert response.status_code == status
    assert said in response.json()["detail"]
    assert not ApiKey.objects.exists()


def test_a_key_works_until_it_is_revoked(api_of, api, boss, alice):
    key, token = make.api_key(alice)
    assert api.get("/api/users/me", headers=bearer(token)).status_code == 200
    admin = api_of(boss)
    with recorded() as lines:
        revoked = admin.post(f"{URL}/{key.pk}/revoke")
        again = admin.post(f"{URL}/{key.pk}/revoke")
    assert revoked.json()["is_usable"] is False
    assert (again.status_code, lines) == (409, ["apikey.revoked by boss"])
    refused = api.get("/api/users/me", headers=bearer(token))
    assert refused.status_code == 401
    assert refused.json()["detail"] == "This API key is unknown, revoked or expired."


def test_a_key_works_until_it_expires_or_its_owner_leaves(api, alice):
    _, token = make.api_key(alice)
    ApiKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert api.get("/api/users/me", headers=bearer(token)).status_code == 401
    ApiKey.objects.update(expires_at=None)
    alice.is_active = False
    alice.save()
    assert api.get("/api/users/me", headers=bearer(token)).status_code == 401


@pytest.mark.parametrize("token", ["", "nonsense", "a.b", "ü", "x" * 5000, "1 2"])
def test_what_is_no_key_is_401(api, db, token):
    response = api.get("/api/servers", headers=bearer(token))
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_key_may_do_what_its_owner_may(api, bob):
    _, token = make.api_key(bob)
    with recorded() as lines:
        response = api.post("/api/servers", {}, headers=bearer(token))
    assert (response.status_code, lines) == (403, ["access.denied by bob"])


def test_use_is_noted_and_what_it_does_is_recorded_for_its_owner(api, boss):
    key, token = make.api_key(boss)
    server = {"hostname": "a", "ip_address": "192.0.2.1"}
    headers = bearer(token) | {"User-Agent": "pipeline/1.0"}
    with recorded() as lines:
        api.post("/api/servers", server, headers=headers)
    assert lines == ["server.created by boss"]
    line = AuditLog.objects.first()
    assert (line.user_id, line.ip_address, line.user_agent) == (
        boss.pk,
        "127.0.0.1",
        "pipeline/1.0",
    )
    assert LAST_USED.noted(key.pk) is not None


def test_everybody_sees_and_revokes_their_own_and_nothing_else(api_of, bob, alice):
    own, _ = make.api_key(bob)
    others, _ = make.api_key(alice)
    client = api_of(bob)
    assert [row["id"] for row in client.get(URL).json()["results"]] == [own.pk]
    assert client.get(f"{URL}/{others.pk}").status_code == 404
    assert client.post(f"{URL}/{others.pk}/revoke").status_code == 404
    assert client.post(f"{URL}/{own.pk}/revoke").status_code == 200
    assert client.post(URL, {"name": "more"}).status_code == 403


def test_an_admin_sees_all_and_filters_by_owner(api_of, boss, bob, alice):
    make.api_key(bob), make.api_key(alice)
    client = api_of(boss)
    assert client.get(URL).json()["count"] == 2
    assert [row["owner"] for row in client.get(f"{URL}?owner=Bob").json()["results"]] == ["bob"]


def test_a_list_asks_a_fixed_number_of_times(api_of, boss, bob, query_ceiling):
    for _ in range(10):
        make.api_key(bob)
    client = api_of(boss)
    with query_ceiling(4):  # session, user, count, rows
        assert len(client.get(URL).json()["results"]) == 10


@pytest.mark.parametrize("password", [None, "", "wrong"])
def test_a_key_for_somebody_else_needs_ones_own_password(api_of, boss, alice, password):
    given = {"name": "x", "owner": "alice"} | ({"own_password": password} if password else {})
    response = api_of(boss).post(URL, given)
    assert response.status_code == 400 and list(response.json()["fields"]) == ["own_password"]
    assert not ApiKey.objects.exists()


def test_guessing_that_password_has_to_wait(api_of, boss, alice):
    client = api_of(boss)
    given = {"name": "x", "owner": "alice", "own_password": "wrong"}
    said = [client.post(URL, given).status_code for _ in range(6)]
    assert said == [400] * 5 + [429]
    response = client.post(URL, given | {"own_password": make.PASSWORD})
    assert response.status_code == 429 and int(response.headers["Retry-After"]) > 0


def test_a_key_ends_by_default_and_never_only_if_asked(api_of, boss, settings):
    settings.API_KEY_DAYS = 30
    client = api_of(boss)
    by_default = client.post(URL, {"name": "x"}).json()
    end = datetime.fromisoformat(by_default["expires_at"]) - timezone.now()
    assert timedelta(days=29) < end <= timedelta(days=30)
    assert client.post(URL, {"name": "x", "expires_at": None}).json()["expires_at"] is None
