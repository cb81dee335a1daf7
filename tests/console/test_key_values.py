"""A JSON object as rows in a form: what is typed keeps its type, and nothing is lost."""

import json

import pytest
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.urls import reverse

from console.key_values import KeyValue, KeyValues, KeyValuesField, key_values_of, read_rows
from inventory.host_variables import opened_variables
from inventory.models import Server
from tests import make

ADD = reverse("admin:inventory_server_add")
KEPT = {
    "yes": "yes",
    "one": "1",
    "number": 1,
    "ratio": 1.0,
    "small": 1e-7,
    "large": 2**63,
    "on": True,
    "off": False,
    "nothing": None,
    "empty": "",
    "spaces": "  a\n b\n",
    "null": "null",
    "ports": [80, "443", {"a": ["b"]}],
    "map": {"yes": "no", "deep": {"1": 1}},
    "snow": "☃ “quoted” <b>",
}


def sent(*rows, name="tags"):
    """The data that a browser sends for rows."""
    data = QueryDict(mutable=True)
    data[f"{name}-as"] = "rows"
    data[name] = "{}"
    for row in rows:
        for part, text in zip(("name", "type", "value"), row, strict=True):
            data.appendlist(f"{name}-{part}", text)
    return data


def read(*rows):
    field = KeyValuesField()
    return field.clean(field.widget.value_from_datadict(sent(*rows), {}, "tags"))


def test_what_is_shown_and_sent_back_is_the_same():
    rows = [(row.name, row.type, row.text) for row in key_values_of(KEPT)]
    back = read(*rows)
    assert back == KEPT and list(back) == list(KEPT)
    assert json.dumps(back) == json.dumps(KEPT)  # 1.0 is not 1, and true is not 1


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("text", "yes", "yes"),
        ("text", "1", "1"),
        ("text", "", ""),
        ("number", " 1 ", 1),
        ("number", "-2.50", -2.5),
        ("boolean", "True", True),
        ("null", "ignored", None),
        ("structure", "[1, 2]", [1, 2]),
        ("structure", "- web\n- db", ["web", "db"]),
        ("structure", "a: yes\nb: 22:22\nc: 010\nd: 2026-01-02\ne: ~", None),
        ("structure", "{x: true, y: 'true', z: 1.5}", {"x": True, "y": "true", "z": 1.5}),
    ],
)
def test_a_row_is_of_the_type_that_was_chosen(kind, text, value):
    if value is None and kind == "structure":
        value = {"a": "yes", "b": "22:22", "c": "010", "d": "2026-01-02", "e": None}
    found = read(("name", kind, text))["name"]
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("number", "ten", "Enter a number"),
        ("number", "010", "Enter a number"),
        ("number", "", "Enter a number"),
        ("number", "1e999", "too large"),
        ("number", "9" * 5000, "Enter a number"),
        ("boolean", "yes", "Enter true or false"),
        ("structure", "web", "list or a map"),
        ("structure", "a: b: c", "Not valid YAML or JSON (line 1)"),
        ("structure", '{"a": 1, "a": 2}', "“a” appears twice"),
        ("structure", "a: 1\na: 2", "“a” appears twice"),
        ("structure", "1: a", "must be text"),
        ("structure", "a: &x [1]\nb: *x", "aliases"),
        ("structure", "[.inf, 1e999]", "NaN, Infinity or a number that is too large"),
        ("structure", "a: !!timestamp 2026-01-02", "YAML tags (!!timestamp) cannot"),
        ("structure", "a: !!python/object/apply:os.getcwd []", "YAML tags (!!python/"),
        ("structure", "a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256", "YAML tags (!vault) cannot"),
        ("structure", "a: !!omap [b: 1]", "YAML tags (!!omap) cannot"),
        # Those on which PyYAML's constructors fail in ways of their own.
        ("structure", "a: !!bool foo", "YAML tags (!!bool) cannot"),
        ("structure", "a: !!timestamp foo", "YAML tags (!!timestamp) cannot"),
        ("structure", "a: !!map [b]", "YAML tags (!!map) cannot"),
        ("structure", "a: !!int ''", "YAML tags (!!int) cannot"),
        ("strcture", "[1]", "did not arrive whole"),
        ("", "a value", "did not arrive whole"),
        ("structure", "[" * 10_000, "nested too deeply"),
        ("structure", "- " * 10_000, "nested too deeply"),
        ("structure", f"[{'9' * 5000}]", "64 bits"),
        ("structure", '["\\ud800"]', "half of a surrogate pair"),
    ],
)
def test_what_a_row_cannot_be_is_said_with_its_name(kind, text, said):
    with pytest.raises(ValidationError) as error:
        read(("port", kind, text))
    (message,) = error.value.messages
    assert message.startswith("port: ") and said in message


def test_a_name_that_stands_twice_is_refused_in_rows_and_in_json():
    with pytest.raises(ValidationError, match="“role” appears twice"):
        read(("role", "text", "web"), (" role ", "text", "db"))
    with pytest.raises(ValidationError, match="“role” appears twice"):
        KeyValuesField().clean('{"role": "web", "role": "db"}')


def test_empty_rows_say_nothing_and_a_value_needs_a_name():
    assert read(("", "text", ""), ("a", "text", "b")) == {"a": "b"}
    with pytest.raises(ValidationError, match="needs a name"):
        read(("", "text", "web"))


def test_every_row_that_is_wrong_is_named():
    rows = KeyValues([KeyValue("a", "number", "x"), KeyValue("b", "boolean", "y")])
    with pytest.raises(ValidationError) as error:
        read_rows(rows)
    assert [message[:3] for message in error.value.messages] == ["a: ", "b: "]


@pytest.fixture
def form():
    return {
        "hostname": "web1.example.com",
        "environment": "staging",
        "ip_address": "192.0.2.7",
        "ssh_port": "22",
        "is_active": "on",
        "tags": "{}",
        "variables": "{}",
    }


def test_rows_of_a_server_are_saved(client_of, boss, form):
    rows = sent(("role", "text", "yes"), ("rack", "number", "7"), name="tags")
    rows.update(sent(("packages", "structure", "- nginx"), name="variables"))
    rows.update({name: value for name, value in form.items() if name not in rows})
    client_of(boss).post(ADD, rows.urlencode(), content_type="application/x-www-form-urlencoded")
    server = Server.objects.get()
    assert server.tags == {"role": "yes", "rack": 7}
    assert server.variables == {"packages": ["nginx"]}


def test_without_a_script_the_json_is_saved(client_of, boss, form):
    client_of(boss).post(ADD, {**form, "tags-as": "json", "tags": '{"role": "yes", "rack": 7}'})
    assert Server.objects.get().tags == {"role": "yes", "rack": 7}


def test_rows_that_are_wrong_come_back_as_they_were_typed(client_of, boss, form):
    rows = sent(("role", "number", "ten"), ("<b>", "text", "</textarea>"), name="tags")
    rows.update({name: value for name, value in form.items() if name not in rows})
    kind = "application/x-www-form-urlencoded"
    page = client_of(boss).post(ADD, rows.urlencode(), content_type=kind).content.decode()
    assert "role: Enter a number" in page and ">\nten</textarea>" in page
    assert 'value="&lt;b&gt;"' in page and "&lt;/textarea&gt;" in page


def test_a_json_that_is_wrong_comes_back_as_it_was_typed(client_of, boss, form):
    page = client_of(boss).post(ADD, {**form, "tags": '{"a": 1, "a": 2}'}).content.decode()
    assert "“a” appears twice" in page and "{&quot;a&quot;: 1, &quot;a&quot;: 2}" in page


@pytest.mark.parametrize("name", ["tags", "variables"])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": NaN}', "NaN, Infinity or a number that is too large"),
        ('{"a": [1e999]}', "NaN, Infinity or a number that is too large"),
        ('{"a": "\\ud800"}', "half of a surrogate pair"),
        ('{"a": [{"\\ud800": 1}]}', "half of a surrogate pair"),
    ],
)
def test_what_no_database_stores_is_refused(client_of, boss, form, name, text, said):
    """It was an error on save (NaN), or on every page of that server (half a surrogate pair)."""
    page = client_of(boss).post(ADD, {**form, name: text})
    assert page.status_code == 200 and said in page.content.decode()
    assert not Server.objects.exists()


@pytest.mark.parametrize(
    "tags",
    [
        {" role ": "web"},
        {"": ""},
        {"a\nb": "1"},
        {"a": "1\r\n2"},
        {f"t{n}": n for n in range(1501)},
    ],
)
def test_what_rows_would_change_or_no_form_takes_is_shown_as_json(client_of, boss, tags):
    server = make.server(tags=tags)
    url = reverse("admin:inventory_server_change", args=[server.pk])
    page = client_of(boss).get(url).content.decode()
    # The variables have rows, the tags have not.
    assert page.count("data-rows-first") == 1
    assert 'name="variables-name"' in page and page.count('name="tags-name"') == 1


def test_as_many_rows_as_are_shown_can_be_saved(client_of, boss, form):
    rows = [(f"v{number}", "text", "x") for number in range(1500)]
    data = sent(*rows, name="tags")
    data.update(sent(*rows, name="variables"))
    data.update({name: value for name, value in form.items() if name not in data})
    kind = "application/x-www-form-urlencoded"
    assert client_of(boss).post(ADD, data.urlencode(), content_type=kind).status_code == 302
    assert len(Server.objects.get().tags) == len(Server.objects.get().variables) == 1500


def test_a_secret_stays_what_it_is_when_its_row_comes_back(client_of, boss, form):
    server = make.server(variables={"db_password": "hush", "port": 1})
    url = reverse("admin:inventory_server_change", args=[server.pk])
    page = client_of(boss).get(url).content.decode()
    assert "hush" not in page
    rows = sent(("db_password", "text", "********"), ("port", "number", "2"), name="variables")
    rows.update({name: value for name, value in form.items() if name not in rows})
    kind = "application/x-www-form-urlencoded"
    client_of(boss).post(url, rows.urlencode(), content_type=kind)
    server.refresh_from_db()
    assert opened_variables(server) == {"db_password": "hush", "port": 2}
