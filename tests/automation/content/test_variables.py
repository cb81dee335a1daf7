"""A playbook's variables, and the values that may be given."""

import pytest
from django.core.exceptions import ValidationError

from audit.redaction import MASK
from automation import variables
from schema.encryption import Undecryptable
from schema.limits import NAMED
from schema.sealing import is_sealed


def wrong(schema, given) -> dict[str, list[str]]:
    """What is wrong with the values; of a playbook without a schema, which accepts any."""
    with pytest.raises(ValidationError) as error:
        variables.cleaned_values(schema, given, () if schema else None)
    return error.value.message_dict


# --- The schema -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"type": "string", "required": True, "help": "x", "label": "X"},
        {"type": "integer", "default": 3},
        {"type": "number", "default": 3},
        {"type": "number", "default": 2.5},
        {"type": "boolean", "default": False},
        {"type": "choice", "choices": ["a", 1, 2.5], "default": 1},
        {"type": "list", "default": [1, "a"]},
        {"type": "object", "default": {"a": 1}},
        {"type": "string", "secret": True, "required": True},
        {"type": "string", "default": None, "choices": None, "playbook_default": None},
        {"playbook_default": "backup-{{ region }}"},
        {"secret": True, "playbook_default": ""},
        {"type": "choice", "choices": ["a"], "playbook_default": "x"},
    ],
)
def test_this_entry_is_accepted(spec):
    variables.validate_schema({"name_1": spec})


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("string", "object"),
        (None, "object"),
        ({"typ": "string"}, "unknown typ"),
        ({"type": "text"}, "is not a type"),
        ({"type": ["string"]}, "must be text"),
        ({"required": "yes"}, "“required” must be true or false"),
        ({"help": 5}, "“help” must be text"),
        ({"choices": "abc", "type": "choice"}, "“choices” must be a list"),
        ({"type": "choice"}, "non-empty"),
        ({"type": "choice", "choices": []}, "non-empty"),
        ({"type": "string", "choices": ["a"]}, "is only for the type “choice”"),
        ({"choices": ["a"]}, "is only for the type “choice”"),
        ({"type": "choice", "choices": [["a"]]}, "each choice"),
        ({"type": "choice", "choices": ["a"], "default": "b"}, "the default must be one of a"),
        ({"type": "integer", "default": "3"}, "the default must be a whole number"),
        ({"type": "integer", "default": True}, "the default must be a whole number"),
        ({"type": "integer", "secret": True}, "a secret must be a string"),
        ({"secret": True, "default": "x"}, "without a default"),
        ({"type": "object", "default": {"$encrypted": "x"}}, "the default cannot be stored"),
        ({"secret": "yes"}, "true or false"),
        ({"playbook_default": 8080}, "“playbook_default” must be text"),
        ({"playbook_default": "a", "default": "b"}, "cannot be combined with “default”"),
        ({"playbook_default": "a", "required": True}, "or “required”"),
        ({"playbook_default": "a", "secret": True}, "must be empty"),
        ({"playbook_default": "yes", "type": "boolean"}, "a boolean cannot have"),
        ({"playbook_default": "********"}, "cannot be stored"),
    ],
)
def test_this_entry_is_refused(spec, reason):
    with pytest.raises(ValidationError) as error:
        variables.validate_schema({"good": {}, "version": spec})
    (message,) = error.value.messages
    assert message.startswith("version: ") and reason in message


@pytest.mark.parametrize("name", ["", "1a", "a-b", "a b", "a\n", "größe"])
def test_a_name_that_ansible_would_not_take_is_refused(name):
    with pytest.raises(ValidationError):
        variables.validate_schema({name: {}})


@pytest.mark.parametrize("schema", [[], "x", None, 5])
def test_a_schema_is_an_object(schema):
    with pytest.raises(ValidationError):
        variables.validate_schema(schema)


# --- Values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "accepted", "refused"),
    [
        ({}, ["", "a", "{{ b }}"], [1, True, [], {}]),
        ({"type": "string"}, ["", "ü 🚀", "\0"], [1, ["a"]]),
        ({"type": "integer"}, [0, -5, 10**18], ["1", 1.0, True]),
        ({"type": "number"}, [0, 2.5], ["1", False]),
        ({"type": "boolean"}, [True, False], [0, 1, "true"]),
        ({"type": "choice", "choices": ["a", 1]}, ["a", 1], ["A", "1", True, 1.0, ["a"]]),
        ({"type": "list"}, [[], [1, {"a": 2}]], ["a", {}]),
        ({"type": "object"}, [{}, {"a": [1]}], [[], "a"]),
    ],
)
def test_values_have_the_type_that_the_schema_says(spec, accepted, refused):
    for value in accepted:
        assert variables.cleaned_values({"x": spec}, {"x": value}) == {"x": value}
    for value in refused:
        assert set(wrong({"x": spec}, {"x": value})) == {"x"}


def test_a_default_of_the_playbooks_own_is_not_a_value():
    schema = {"bucket": {"playbook_default": "backup-{{ region }}"}}
    assert variables.cleaned_values(schema, {}) == {}
    assert variables.cleaned_values(schema, {"bucket": None}) == {}
    for typed in ("{{ x }}", "backup-{{ region }}", ""):
        assert variables.cleaned_values(schema, {"bucket": typed}) == {"bucket": typed}


def test_defaults_fill_in_and_null_takes_a_value_away():
    schema = {"a": {"default": "1"}, "b": {}, "c": {"default": "3"}}
    assert variables.cleaned_values(schema, {"c": None}) == {"a": "1"}
    assert variables.cleaned_values(schema, {"a": "x", "b": "y"}) == {"a": "x", "b": "y", "c": "3"}


@pytest.mark.parametrize("given", [{}, {"version": None}, {"version": ""}])
def test_what_is_required_is_asked_for(given):
    assert wrong({"version": {"required": True}}, given) == {"version": ["A value is required."]}


def test_a_required_one_may_have_a_default():
    assert variables.cleaned_values({"a": {"required": True, "default": "x"}}, {}) == {"a": "x"}


def test_a_misspelt_name_gets_a_hint():
    schema = {"version": {}, "colour": {}}
    assert "Did you mean “version”?" in wrong(schema, {"verison": "1"})["verison"][0]
    assert "It has: version, colour." in wrong(schema, {"zzz": "1"})["zzz"][0]


def test_every_problem_is_named_at_once():
    schema = {"a": {"required": True}, "b": {"type": "integer"}}
    assert set(wrong(schema, {"b": "x", "c": 1})) == {"a", "b", "c"}


@pytest.mark.parametrize("name", ["ansible_host", "ansible_connection", "infraops_environment"])
@pytest.mark.parametrize("schema", [{}, {"other": {}}])
def test_what_steers_ansible_is_refused_unless_declared(schema, name):
    assert "control Ansible" in wrong(schema, {name: "x"})[name][0]
    assert variables.cleaned_values({name: {}}, {name: "x"}) == {name: "x"}


MAGIC = ["inventory_hostname", "groups", "hostvars", "omit", "vars", "ansible_play_hosts"]


@pytest.mark.parametrize("name", MAGIC)
@pytest.mark.parametrize("schema", [{}, {"other": {}}])
def test_what_ansible_sets_itself_is_refused(schema, name):
    assert wrong(schema, {name: "x"})[name] == [
        "Ansible sets this variable itself. Choose another name."
    ]


@pytest.mark.parametrize("name", MAGIC)
def test_what_ansible_sets_itself_cannot_be_declared(name):
    with pytest.raises(ValidationError, match=f"{name}: Ansible sets this variable itself"):
        variables.validate_schema({"other": {}, name: {}})
    # For an older schema that allowed it: neither the default nor a value reaches the play.
    assert set(wrong({name: {"default": "x"}}, {})) == {name}


@pytest.mark.parametrize("name", ["environment", "port", "lookup", "ansible_become_password"])
def test_a_name_that_works_may_be_declared(name):
    variables.validate_schema({name: {}})
    assert variables.cleaned_values({name: {}}, {name: "x"}) == {name: "x"}


@pytest.mark.parametrize("given", [[], "a=b", 5, [["a", "b"]]])
def test_variables_are_an_object(given):
    assert set(wrong({}, given)) == {"extra_vars"}


def test_without_a_schema_anything_goes_that_can_be_stored():
    given = {"a": "x", "b": [1, {"c": None}], "d": 2.5, "e": True}
    assert variables.cleaned_values({}, given, None) == given


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        [float("inf")],
        "\ud800",
        {"$encrypted": "x"},
        {"a": {1, 2}},
    ],
)
def test_what_cannot_be_stored_is_refused(value):
    assert set(wrong({}, {"a": value})) == {"a"}
    assert set(wrong({"a": {"type": "object"}}, {"a": value})) == {"a"}


@pytest.mark.parametrize("name", ["1a", "a-b", "a b", "", "a\n"])
def test_a_value_needs_a_name_that_ansible_takes(name):
    assert set(wrong({}, {name: 1})) == {name}


# --- Secrets --------------------------------------------------------------------------------------

SCHEMA = {"db_password": {"secret": True}, "token_count": {"type": "string"}, "colour": {}}


def test_secrets_are_encrypted_opened_and_masked():
    given = {"db_password": "hünter2\n", "token_count": "5", "colour": "red"}
    stored = variables.sealed(SCHEMA, given)
    assert "hünter2" not in str(stored)
    assert is_sealed(stored["db_password"])
    assert {name: stored[name] for name in ("token_count", "colour")} == {
        "token_count": "5",
        "colour": "red",
    }
    assert variables.opened(stored) == given
    assert variables.masked(stored) == {**given, "db_password": MASK}


def test_the_same_secret_looks_different_each_time():
    given = {"db_password": "x"}
    assert variables.sealed(SCHEMA, given) != variables.sealed(SCHEMA, given)


def test_an_undeclared_secret_is_known_by_its_name():
    given = {"api_token": "x", "password_length": 12, "colour": "red"}
    stored = variables.sealed({}, given)
    assert variables.masked(stored) == {**given, "api_token": MASK}
    assert variables.opened(stored) == given


@pytest.mark.parametrize(
    "declared", [{}, {"type": "string"}, {"secret": False}, {"type": "object"}]
)
def test_a_declared_one_is_known_by_its_name_too(declared):
    given = {"rootpw": {"a": "hunter2"} if "object" in declared.values() else "hunter2"}
    stored = variables.sealed({"rootpw": declared}, given)
    assert "hunter2" not in str(stored) and variables.opened(stored) == given
    assert variables.masked(stored) == {"rootpw": MASK}
    # As an earlier release has stored it.
    assert variables.masked(given) == {"rootpw": MASK}


def test_a_default_can_be_read_in_the_schema_and_a_given_value_cannot():
    schema = {"rootpw": {"default": "changeme"}, "pin": {"type": "integer"}}
    stored = variables.sealed(schema, {"rootpw": "changeme", "pin": 1234})
    assert stored["rootpw"] == "changeme" and is_sealed(stored["pin"])
    assert is_sealed(variables.sealed(schema, {"rootpw": "hunter2"})["rootpw"])
    assert variables.with_secrets_marked({**schema, "tls_key": {}, "token_ttl": {}}) == {
        **schema,
        "tls_key": {"secret": True},
        "token_ttl": {},
    }


def test_settings_that_sound_secret_are_passed_and_shown():
    given = {"password_authentication": "yes", "token_ttl": 60, "secret_name": "web-tls"}
    stored = variables.sealed({}, given)
    assert stored == variables.masked(stored) == variables.opened(stored) == given


def test_an_undeclared_secret_is_sealed_at_any_depth_and_with_its_type():
    given = {"rootpw": 12345, "app": {"users": [{"name": "anna", "pin": 7}]}, "api_tokens": ["x"]}
    stored = variables.sealed({}, given)
    assert "12345" not in str(stored) and stored["app"]["users"][0]["name"] == "anna"
    masked = {"rootpw": MASK, "app": {"users": [{"name": "anna", "pin": MASK}]}}
    assert variables.masked(stored) == {**masked, "api_tokens": MASK}
    assert variables.opened(stored) == given


def test_a_secret_deep_inside_is_not_shown():
    assert variables.masked({"db": {"password": "x", "port": 1}}) == {
        "db": {"password": MASK, "port": 1}
    }


@pytest.mark.parametrize(
    ("schema", "given"),
    [
        (SCHEMA, {"db_password": MASK}),
        ({}, {"api_token": MASK}),
        ({}, {"db": {"password": MASK}}),
    ],
)
def test_a_mask_is_not_taken_for_a_secret(schema, given):
    """Relaunching sends back what was shown."""
    (problems,) = wrong(schema, given).values()
    assert "enter the secret itself" in problems[0]


@pytest.mark.parametrize("levels", [20, 21, 5000])
def test_a_value_may_be_nested_as_deep_as_every_database_allows(levels):
    value: list = []
    for _ in range(levels - 1):
        value = [value]

    if levels <= 20:
        assert variables.cleaned_values({}, {"deep": value}, None)
    else:
        assert "nested too deeply" in wrong({}, {"deep": value})["deep"][0]


def test_without_its_key_a_secret_stays_closed(settings):
    stored = variables.sealed(SCHEMA, {"db_password": "x"})
    settings.ENCRYPTION_KEYS = ["A" * 43 + "="]
    with pytest.raises(Undecryptable):
        variables.opened(stored)


@pytest.mark.parametrize("value", [2**64, [-(2**63) - 1], {"a": {"b": 10**30}}])
def test_a_number_that_mysql_would_round_is_refused(value):
    assert "as text" in wrong({}, {"number": value})["number"][0]


def test_the_largest_exact_numbers_are_taken():
    values = {"number": [2**64 - 1, -(2**63)]}

    assert variables.cleaned_values({}, values, None) == values


def test_of_very_many_problems_the_first_are_told():
    given = {f"versoin_{number}": 1 for number in range(1_500)}
    with pytest.raises(ValidationError) as refused:
        variables.cleaned_values({"version": {"type": "string"}}, given)
    told = refused.value.message_dict
    assert told.pop("extra_vars") == ["… and 1,480 more."]
    assert len(told) == NAMED
