"""The kinds of objects that the trail tells of: a model's name, and the row that an id means."""

from functools import cache
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.urls import NoReverseMatch, reverse


@cache
def kinds() -> dict[str, type[Model]]:
    """Every model by its name: no two of them have the same one."""
    return {model._meta.model_name or "": model for model in apps.get_models()}


def kind_in_words(name: str) -> str:
    """ "API key" for "apikey"; the name itself of a model that is no more."""
    model = kinds().get(name)
    return str(model._meta.verbose_name) if model else name


def find_row(kind: str, identity: str) -> Model | None:
    """The object that lines of this kind and id are about, unless it is gone."""
    model = kinds().get(kind)
    if model is None:
        return None
    names = {field.name for field in model._meta.concrete_fields}
    name = f"{kind}_id" if f"{kind}_id" in names else "pk"
    try:
        return model._base_manager.filter(**{name: identity}).first()
    except (ValueError, ValidationError):
        return None


def page_of(row: Any) -> str:
    """The URL of an object's own page; "" where it has none."""
    if hasattr(row, "get_absolute_url"):
        return str(row.get_absolute_url())
    if not admin.site.is_registered(type(row)):
        return ""
    try:
        return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    except NoReverseMatch:
        return ""
