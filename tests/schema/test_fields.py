"""Fields that Django lacks: values, forms and migrations.

How the database stores them is tested in test_live_schema.py and test_database_rules.py.
"""

import uuid
from typing import Any

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, models
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.state import ModelState, ProjectState
from django.db.migrations.writer import MigrationWriter
from django.forms import modelform_factory
from django.test.utils import isolate_apps

from accounts.models import User
from automation.models import Job
from inventory.models import Server
from schema.fields import CreatedAtField, EnumField, UpdatedAtField, UUIDTextField
from schema.live import live_schema
from tests import make

COLOURS = [("red", "Red"), ("green", "Green")]
MORE_COLOURS = [*COLOURS, ("blue", "Blue")]


class Quoting:
    """As much of a connection as a column's SQL needs."""

    vendor = "sqlite"

    class ops:
        @staticmethod
        def quote_name(name):
            return f'"{name}"'


def named(field, name="colour"):
    field.set_attributes_from_name(name)
    return field


# --- EnumField ------------------------------------------------------------------------------------


def test_an_enum_is_a_text_with_a_check_on_sqlite():
    field = named(EnumField(choices=COLOURS))
    assert field.db_check(Quoting) == "\"colour\" IN ('red', 'green')"


def test_an_enum_is_an_enum_on_mysql():
    class MySQL(Quoting):
        vendor = "mysql"

    field = named(EnumField(choices=COLOURS))
    assert field.db_type(MySQL) == "enum('red', 'green')"
    assert field.db_check(MySQL) is None


def test_quotes_in_a_value_stay_in_the_value():
    field = named(EnumField(choices=[("it's", "It is")]))
    assert field.db_check(Quoting) == "\"colour\" IN ('it''s')"


def test_the_empty_text_is_a_value_of_a_blank_enum_only():
    assert "''" in named(EnumField(choices=COLOURS, blank=True)).db_check(Quoting)
    assert "''" not in named(EnumField(choices=COLOURS, blank=True, null=True)).db_check(Quoting)


@pytest.mark.parametrize(
    ("choices", "length"), [(COLOURS, 20), ([("x" * 31, "Long")], 31), (MORE_COLOURS, 20)]
)
def test_the_longest_choice_fits(choices, length):
    assert EnumField(choices=choices).max_length == length


def test_an_enum_refuses_another_value_in_a_form():
    field = EnumField(choices=COLOURS)
    assert isinstance(field.formfield(), forms.TypedChoiceField)
    with pytest.raises(ValidationError):
        field.clean("blue", None)


def test_a_new_choice_is_a_migration():
    assert changes(EnumField(choices=COLOURS), EnumField(choices=COLOURS)) == []
    assert changes(EnumField(choices=COLOURS), EnumField(choices=MORE_COLOURS)) == ["AlterField"]


@pytest.mark.django_db(transaction=True)
@isolate_apps("schema")
def test_the_migration_teaches_the_database_the_new_choice():
    class Paint(models.Model):
        colour = EnumField(choices=COLOURS, default="red", db_default="red")

        class Meta:
            app_label = "schema"
            db_table = "paints"

    wider = named(EnumField(choices=MORE_COLOURS, default="red", db_default="red"))
    wider.model = Paint
    with connection.schema_editor() as editor:
        editor.create_model(Paint)
    try:
        with pytest.raises(DatabaseError):
            Paint.objects.create(colour="blue")
        with connection.schema_editor() as editor:
            editor.alter_field(Paint, Paint._meta.get_field("colour"), wider)
        Paint.objects.create(colour="blue")
        colour = live_schema(connection)["paints"].columns[1]
        assert (colour.kind, colour.default) == ("enum(red,green,blue)", "red")
        with pytest.raises(DatabaseError):
            Paint.objects.create(colour="black")
    finally:
        with connection.schema_editor() as editor:
            editor.delete_model(Paint)


# --- UUIDTextField --------------------------------------------------------------------------------

SAMPLE = uuid.UUID("0b2f8a52-9d5e-4c0f-8d7b-1b6f2f7f9c3a")


@pytest.mark.parametrize(
    "value", [SAMPLE, str(SAMPLE), str(SAMPLE).upper(), SAMPLE.hex, f"{{{SAMPLE}}}"]
)
def test_a_uuid_has_one_spelling(value):
    field = UUIDTextField()
    assert field.to_python(value) == SAMPLE
    assert field.get_prep_value(value) == str(SAMPLE)
    assert field.clean(value, None) == SAMPLE


@pytest.mark.parametrize("value", ["nonsense", "", 7, str(SAMPLE)[:-1]])
def test_a_text_that_is_no_uuid_is_a_validation_error(value):
    with pytest.raises(ValidationError, match="is not a valid UUID"):
        UUIDTextField().to_python(value)


def test_no_uuid_is_none():
    assert UUIDTextField(null=True).get_prep_value(None) is None
    assert UUIDTextField(null=True).from_db_value(None, None, None) is None


def test_a_form_asks_for_a_uuid():
    field = UUIDTextField().formfield()
    assert isinstance(field, forms.UUIDField)
    assert field.clean(str(SAMPLE)) == SAMPLE


@pytest.mark.django_db
def test_a_uuid_is_found_by_its_whole_and_by_a_part():
    job, _other = make.job(), make.job()
    part = str(job.job_id)[5:17].upper()
    for question in (
        {"job_id": job.job_id},
        {"job_id": str(job.job_id).upper()},
        {"job_id": job.job_id.hex},
        {"job_id__in": [job.job_id]},
        {"job_id__icontains": part},
        {"job_id__startswith": str(job.job_id)[:8]},
    ):
        assert Job.objects.get(**question) == job
    assert Job.objects.values_list("job_id", flat=True).get(pk=job.pk) == job.job_id


@pytest.mark.django_db
def test_looking_for_what_is_no_uuid_is_a_validation_error():
    with pytest.raises(ValidationError):
        Job.objects.filter(job_id="nonsense").exists()


# --- Times ----------------------------------------------------------------------------------------


def test_times_are_not_edited():
    assert not CreatedAtField().editable
    assert not UpdatedAtField().editable


@pytest.mark.django_db
def test_the_times_of_a_new_row_are_known_without_reading_it_again():
    user = User.objects.create_user("x", "x@example.com")
    read = User.objects.get(pk=user.pk)
    assert (user.created_at, user.updated_at) == (read.created_at, read.updated_at)


# --- Migrations -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "field",
    [
        EnumField(choices=COLOURS, default="red", db_default="red"),
        EnumField(choices=COLOURS, max_length=50, blank=True),
        UUIDTextField(unique=True, default=uuid.uuid4, editable=False),
        CreatedAtField(),
        UpdatedAtField(),
    ],
)
def test_a_migration_keeps_all_of_a_field(field):
    assert field.clone().deconstruct()[1:] == field.deconstruct()[1:]
    assert changes(field, field.clone()) == []
    assert "schema.fields." in MigrationWriter.serialize(field)[0]


def test_every_choice_of_a_model_survives_its_migration():
    field = Job._meta.get_field("failure_kind")
    assert field.clone().flatchoices == field.flatchoices


def changes(before, after):
    """What makemigrations would write when one field becomes the other."""
    states = []
    for field in (before, after):
        state = ProjectState()
        key = models.AutoField(primary_key=True)
        state.add_model(ModelState("schema", "Paint", [("id", key), ("colour", field)]))
        states.append(state)
    found = MigrationAutodetector(*states)._detect_changes()
    return [type(step).__name__ for step in found["schema"][0].operations] if found else []


@pytest.mark.django_db  # a new server belongs to the default inventory
@pytest.mark.parametrize("text", ["[" * 100_000, "1" * 5000, '{"a":' * 900 + "1" + "}" * 900])
def test_json_that_python_cannot_read_is_a_mistake_and_no_crash(text):
    """In a form, which shows again what was given, and in an API request."""
    form = modelform_factory(Server, fields=["variables"])({"variables": text})
    assert form.errors["variables"]
    assert str(form)


@pytest.mark.django_db
def test_a_value_that_is_too_deep_is_refused():
    value: Any = 1
    for _ in range(900):
        value = {"a": value}
    with pytest.raises(ValidationError, match="too deeply"):
        Server._meta.get_field("variables").clean(value, Server())
