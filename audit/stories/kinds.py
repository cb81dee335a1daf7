"""Kinds of objects in the trail: the model for a kind, and the row for an id."""

from functools import cache
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.urls import NoReverseMatch, reverse


@cache
def kinds() -> dict[str, type[Model]]:
    """{model name: model}; names are unique across apps."""
    return {model._meta.model_name or "": model for model in apps.get_models()}


def kind_in_words(name: str) -> str:
    """ "API key" for "apikey"; the kind itself if the model no longer exists."""
    model = kinds().get(name)
    return str(model._meta.verbose_name) if model else name


def find_row(kind: str, identity: str) -> Model | None:
    """The object with this kind and id, or None if it is gone."""
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
    """The URL of the object's own page; "" if it has none."""
    if hasattr(row, "get_absolute_url"):
        return str(row.get_absolute_url())
    if not admin.site.is_registered(type(row)):
        return ""
    try:
        return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    except NoReverseMatch:
        return ""
