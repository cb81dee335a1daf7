"""What is sent has limits: each says so in a few words, and nothing that was typed is lost."""

import json

import pytest
from django.contrib.messages import get_messages
from django.core.exceptions import ValidationError
from django.core.management import CommandError
from django.db import models
from django.urls import reverse

from automation import variables
from automation.launching.following import parse_extra_vars
from console.key_values import KeyValue, KeyValues, read_rows
from console.plain_yaml import read_yaml
from inventory.models import Server
from schema.fields import JSONShapeField, storing_problem
from schema.limits import (
    DEEPEST,
    LONGEST_JSON,
    LONGEST_MESSAGE,
    LONGEST_TEXT,
    MOST_FILTERS,
    MOST_ITEMS,
    MOST_VARIABLES,
    NAMED,
    name_some,
)
from tests import make

SERVERS = reverse("admin:inventory_server_changelist")
FORM = {
    "hostname": "web1.example.com",
    "environment": "staging",
    "ip_address": "192.0.2.7",
    "ssh_port": "22",
    "is_active": "on",
    "tags": "{}",
    "variables": "{}",
}


def nested(levels, innermost="1"):
    return "[" * levels + innermost + "]" * levels


def nested_map(levels):
    return '{"a": ' * levels + "1" + "}" * levels


# --- The API --------------------------------------------------------------------------------------


def test_of_100_000_unknown_fields_the_first_are_named(api_of, boss):
    response = api_of(boss).post("/api/servers", {f"field{n:06}": 1 for n in range(100_000)})
    assert response.status_code == 400
    told = response.json()
    assert list(told["fields"]) == [f"field{n:06}" for n in range(NAMED)]
    assert told["detail"].endswith("… and 99,980 more.")
    assert len(response.content) < 50_000


def test_of_many_unknown_parameters_the_first_are_named(api_of, boss):
    query = "&".join(f"p{n}=1" for n in range(500))
    told = api_of(boss).get(f"/api/servers?{query}").json()
    assert len(told["fields"]) == NAMED and told["detail"].endswith("… and 480 more.")


def test_of_many_wrong_items_the_first_are_named(api_of, boss):
    server = make.server()
    body = {"playbook_id": make.playbook().pk, "server_ids": [server.pk, *["x"] * 500]}
    told = api_of(boss).post("/api/jobs", body).json()
    assert len(told["fields"]) == NAMED and "more." in told["detail"]


@pytest.mark.parametrize("name", ["x" * 5_000, "☃" * 5_000])
def test_what_was_sent_comes_back_cut(api_of, boss, name):
    response = api_of(boss).post("/api/servers", {name: 1, "environment": name})
    assert response.status_code == 400
    assert len(response.json()["detail"]) < LONGEST_MESSAGE
    response = api_of(boss).post("/api/tickets", {"title": "a", "priority": name})
    assert response.status_code == 400
    assert all(len(each) < 2 * LONGEST_MESSAGE for each in response.json()["fields"]["priority"])


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (f'{{"variables": {{"a": {nested(200)}}}}}', "nested too deeply"),
        (f'{{"variables": {nested_map(DEEPEST + 1)}}}', "nested too deeply"),
        (f'{{"tags": {{"a": {json.dumps([1] * (MOST_ITEMS + 1))}}}}}', "more than 10,000 items"),
        (json.dumps({"variables": {f"v{n}": 1 for n in range(MOST_ITEMS + 1)}}), "10,000 items"),
        (json.dumps({"variables": {"a": "x" * LONGEST_JSON}}), "This is too long"),
        (json.dumps({"description": "x" * (LONGEST_TEXT + 1)}), "100000"),
        ('{"variables": {"a": 1e999999}}', "a number that is too large"),
        (f'{{"variables": {{"a": {"9" * 100_000}}}}}', "JSON parse error"),
        (f'{{"ssh_port": {"9" * 400}}}', "less than or equal to 65535"),
    ],
)
def test_a_body_that_is_too_much_is_400_with_the_reason(api_of, boss, body, said):
    server = make.server()
    response = api_of(boss).generic(
        "PATCH", f"/api/servers/{server.pk}", body, content_type="application/json"
    )
    assert response.status_code == 400
    assert said in response.json()["detail"]
    assert len(response.content) < 10_000


def test_the_deepest_value_that_is_taken_is_stored(api_of, boss, db):
    server = make.server()
    deep = json.loads(nested_map(DEEPEST))
    assert api_of(boss).patch(f"/api/servers/{server.pk}", {"variables": deep}).status_code == 200
    server.refresh_from_db()
    assert server.variables == deep


# --- Values ---------------------------------------------------------------------------------------


def test_a_launch_passes_so_many_variables(db):
    with pytest.raises(ValidationError) as error:
        variables.cleaned_values({}, {f"v{n}": n for n in range(MOST_VARIABLES + 1)})
    assert error.value.message_dict == {"extra_vars": ["At most 2,000 variables."]}
    with pytest.raises(ValidationError, match="too long"):
        half = "x" * (LONGEST_JSON // 2)
        variables.cleaned_values({}, {"a": half, "b": half}, None)


def test_of_a_schema_with_many_faults_the_first_are_told():
    with pytest.raises(ValidationError) as error:
        variables.validate_schema({f"v{n}": {"type": "odd"} for n in range(1_000)})
    assert len(error.value.messages) == NAMED + 1
    assert error.value.messages[-1] == "… and 980 more."
    with pytest.raises(ValidationError, match="At most 2,000 variables"):
        variables.validate_schema({f"v{n}": {} for n in range(MOST_VARIABLES + 1)})


@pytest.mark.parametrize("text", [nested(100_000), "9" * 100_000, "[", '{"a": 1e', "nul"])
def test_extra_variables_of_a_command_are_read_or_refused(text):
    with pytest.raises(CommandError, match="not valid JSON"):
        parse_extra_vars(text)


@pytest.mark.parametrize("value", [json.loads(nested(DEEPEST + 1)), json.loads(nested_map(300))])
def test_what_no_database_would_store_is_refused(value):
    assert "nested too deeply" in storing_problem(value)
    with pytest.raises(ValidationError, match="nested too deeply"):
        JSONShapeField().validate(value, models.Model)  # type: ignore[arg-type]


# --- Forms ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [nested_map(DEEPEST + 1), nested_map(400), nested_map(5_000), '{"a": ' + "9" * 5_000 + "}"],
)
@pytest.mark.parametrize("name", ["tags", "variables"])
def test_what_a_form_refuses_is_still_there(client_of, boss, name, text):
    answer = client_of(boss).post(reverse("admin:inventory_server_add"), FORM | {name: text})
    assert answer.status_code == 200 and not Server.objects.exists()
    form = answer.context["adminform"].form
    assert form.errors.keys() == {name}
    shown = answer.content.decode()
    assert text.replace('"', "&quot;") in shown


def test_of_many_wrong_rows_the_first_are_named():
    rows = KeyValues(KeyValue(f"row{n}", "number", "x") for n in range(4_000))
    with pytest.raises(ValidationError) as error:
        read_rows(rows)
    assert len(error.value.messages) == NAMED + 1
    assert error.value.messages[-1] == "… and 3,980 more."


@pytest.mark.parametrize(
    "text",
    [
        "[" * 50_000,
        "- " * 50_000,
        "{a: " * 30_000,
        "? " * 40_000,
        "a: [" + "[], " * 30_000 + "]",
        "&a " * 30_000,
        "- &a [x]\n" + "- *a\n" * 10_000,
        "a: !x !y !z" * 5_000,
        "'" * 90_001,
        '"' + "\\" * 90_000,
        "a: |\n" + "  x\n" * 20_000 + "\t",
        "x" * (LONGEST_TEXT + 1),
    ],
)
def test_yaml_that_would_take_long_is_refused(text):
    with pytest.raises(ValidationError):
        read_yaml(text)


def test_a_list_looks_at_so_many_filters(client_of, bob):
    client = client_of(bob)
    query = "&".join(f"odd{n}=1" for n in range(MOST_FILTERS + 1))
    answer = client.get(f"{SERVERS}?{query}")
    assert answer.url == SERVERS
    (message,) = get_messages(answer.wsgi_request)
    assert str(message) == "Ignored 51 filters: a list takes up to 50."


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("DATA_UPLOAD_MAX_MEMORY_SIZE", 100, "the form holds more than"),
        ("DATA_UPLOAD_MAX_NUMBER_FIELDS", 3, "the form has more than"),
    ],
)
def test_a_form_that_is_too_large_is_kept_by_the_browser(
    client_of, boss, settings, setting, value, said
):
    setattr(settings, setting, value)
    path = reverse("admin:inventory_server_add")
    back = f"http://testserver{path}"
    answer = client_of(boss).post(path, FORM, headers={"Referer": back})
    shown = answer.content.decode()
    assert answer.status_code == 400
    assert said in shown and f'href="{path}"' in shown
    assert "data-unsent" in shown  # static/unsent.js keeps what was typed


def test_names_in_a_sentence_are_few():
    assert name_some(["a"]) == "a" and name_some(["a", "b"]) == "a and b"
    assert name_some([f"s{n}" for n in range(2_000)]) == "s0, s1, s2, s3, s4 and 1,995 more"
