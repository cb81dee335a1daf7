import json

import pytest

from inventory.models import Credential
from tests import make
from tests.recording import recorded

URL = "/api/credentials"


def test_an_admin_adds_one_and_reads_no_secret(api_of, boss):
    client = api_of(boss)
    given = {"name": "prod", "ssh_password": " hunter2 ", "environment": {"TOKEN": "hunter3"}}
    with recorded() as lines:
        response = client.post(URL, given)
    assert response.status_code == 201, response.json()
    assert response.json()["secrets_set"] == ["ssh_password", "environment"]
    shown = client.get(f"{URL}/{response.json()['id']}").json()
    for text in (json.dumps(shown), json.dumps(response.json())):
        assert "hunter" not in text and "gAAAA" not in text and "TOKEN" not in text
    assert lines == ["credential.created by boss"]
    credential = Credential.objects.get()
    assert credential.opened("ssh_password") == " hunter2 "
    assert credential.opened_environment() == {"TOKEN": "hunter3"}


def test_what_is_not_sent_stays_and_the_empty_text_clears(api_of, boss):
    credential = make.credential(
        ssh_password="one", become_password="two", environment={"TOKEN": "x"}
    )
    client = api_of(boss)
    response = client.patch(f"{URL}/{credential.pk}", {"ssh_password": "", "environment": {}})
    assert response.json()["secrets_set"] == ["become_password"]
    client.patch(f"{URL}/{credential.pk}", {"description": "new"})
    credential.refresh_from_db()
    assert credential.opened("become_password") == "two"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "", "may not be blank"),
        ("ssh_private_key", "nonsense", "not a private key"),
        ("environment", {"PATH": "x"}, "control the worker"),
        ("environment", "A=b", "dictionary"),
        ("ssh_passwort", "x", "No such field"),
        ("secrets_set", [], "read-only"),
        ("become_method", "su do", "not a become method"),
    ],
)
def test_a_bad_value_is_refused_by_its_name(api_of, boss, field, value, said):
    response = api_of(boss).post(URL, {"name": "prod", field: value})
    assert response.status_code == 400
    assert said in str(response.json()["fields"][field])


def test_one_that_is_used_cannot_be_deleted(api_of, boss):
    credential = make.credential()
    server = make.server(credential=credential)
    client = api_of(boss)
    response = client.delete(f"{URL}/{credential.pk}")
    assert response.status_code == 409
    assert "used by servers; deactivate it instead" in response.json()["detail"]
    assert client.patch(f"/api/servers/{server.pk}", {"credential_id": None}).status_code == 200
    assert client.delete(f"{URL}/{credential.pk}").status_code == 204


def test_a_server_names_one(api_of, boss, bob):
    server, credential = make.server(), make.credential()
    client = api_of(boss)
    changed = client.patch(f"/api/servers/{server.pk}", {"credential_id": credential.pk})
    assert changed.json()["credential_id"] == credential.pk
    assert api_of(bob).get(f"/api/servers/{server.pk}").json()["credential_id"] == credential.pk
    unknown = client.patch(f"/api/servers/{server.pk}", {"credential_id": 999})
    assert unknown.json()["fields"]["credential_id"] == ["There is no credential 999."]


def test_operators_find_them(api_of, alice):
    make.credential(name="prod")
    make.credential(name="test", is_active=False)
    client = api_of(alice)
    for query, names in (
        ({"search": "pro"}, ["prod"]),
        ({"is_active": "false"}, ["test"]),
        ({"ordering": "-name"}, ["test", "prod"]),
    ):
        assert [row["name"] for row in client.get(URL, query).json()["results"]] == names
