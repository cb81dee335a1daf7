"""Copying a server: the form for a new one, filled in."""

import json

from django.urls import reverse

from inventory.host_variables import opened_variables, variables_to_store
from inventory.models import Server
from tests import make

ADD = reverse("admin:inventory_server_add")


def copied(client, server):
    return client.get(ADD, {"copy": server.pk})


def test_the_form_has_what_the_other_server_has(client_of, boss):
    credential = make.credential()
    server = make.server(
        environment="production",
        tags={"role": "web"},
        variables={"port": 80, "db_password": "hush", "nested": {"api_token": "t0p"}},
        ssh_user="deploy",
        ssh_port=2222,
        credential=credential,
        host_key=make.HOST_KEY,
    )
    answer = copied(client_of(boss), server)
    page = answer.content.decode()
    initial = answer.context["adminform"].form.initial
    assert initial["environment"] == "production" and initial["tags"] == {"role": "web"}
    assert initial["ssh_port"] == 2222 and initial["credential"] == credential.pk
    masked = {"port": 80, "db_password": "********", "nested": {"api_token": "********"}}
    assert initial["variables"] == masked
    assert not initial.keys() & {"hostname", "ip_address", "host_key"}
    assert "hush" not in page and "t0p" not in page
    assert "Secrets are copied too: db_password, nested." in page
    assert Server.objects.count() == 1


def test_the_masks_of_a_copy_stand_for_the_secrets_of_the_other_server(client_of, boss):
    secrets = {"db_password": "hush", "nested": {"api_token": "t0p"}, "shop": 7}
    server = make.server(variables=variables_to_store(secrets, {}, ["shop"]))
    form = copied(client_of(boss), server).context["adminform"].form
    sent = {name: "" if value is None else value for name, value in form.initial.items()}
    names = {"hostname": "twin", "ip_address": "192.0.2.77", "tags": "{}", "ssh_port": "22"}
    shown = {"variables": json.dumps(form.initial["variables"]), "variables-marked": "shop"}
    address = f"{ADD}?copy={server.pk}"
    assert client_of(boss).post(address, {**sent, **names, **shown}).status_code == 302
    twin = Server.objects.get(hostname="twin")
    assert opened_variables(twin) == secrets and "hush" not in str(twin.variables)
    assert twin.secret_variables == ["db_password", "shop"]
    # Without the server that it is copied from, a mask stands for nothing.
    alone = client_of(boss).post(ADD, {**sent, **names, **shown, "hostname": "alone"})
    assert "variables" in alone.context["adminform"].form.errors


def test_the_server_has_a_button_for_whoever_may_add(client_of, boss, alice, bob):
    server = make.server()
    link = f'href="{ADD}?copy={server.pk}"'
    assert link in client_of(boss).get(server.get_absolute_url()).content.decode()
    for who in (alice, bob):
        assert link not in client_of(who).get(server.get_absolute_url()).content.decode()
        assert copied(client_of(who), server).status_code == 403


def test_a_server_that_is_gone_leaves_the_form_empty(client_of, boss):
    for number in ("7", "9" * 30, "x", ""):
        answer = client_of(boss).get(ADD, {"copy": number})
        assert answer.status_code == 200 and "Copied from" not in answer.content.decode()
