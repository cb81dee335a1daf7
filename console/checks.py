"""System checks of the parts that apps contribute, so that mistakes show at startup."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.core.checks import CheckMessage, Error, register
from django.db.models import Model
from django.template import TemplateDoesNotExist, TemplateSyntaxError
from django.template.loader import get_template
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from .collected import FirstStep, HealthCheck, HomePanel, HomePart, MenuEntry, QueueTask
from .pages import ActionPart, ColumnPart, FilterPart, ListToolPart, ModelPart, PanelPart
from .parts import Part, parts_of

WITH_TEMPLATES: tuple[type[Part], ...] = (PanelPart, ListToolPart, HomePart, FirstStep)


@register()
def check_parts(**kwargs: Any) -> list[CheckMessage]:
    """Report contributed parts that could not be shown."""
    found = [*_models(), *_templates(), *_pages(), *_tasks(), *_names()]
    return [Error(words, id="console.E001") for words in found]


def _models() -> Iterator[str]:
    for part in parts_of(ModelPart):
        model = _model(part)
        if model is None:
            yield f"{part} is for the model {part.model}, which does not exist."
        elif not isinstance(part, PanelPart) and not admin.site.is_registered(model):
            yield f"{part} is for {part.model}, which has no admin and so no list."


def _model(part: ModelPart) -> type[Model] | None:
    try:
        return apps.get_model(part.model)
    except (LookupError, ValueError):
        return None


def _templates() -> Iterator[str]:
    fragments: list[Any] = [part for kind in WITH_TEMPLATES for part in parts_of(kind)]
    for fragment in fragments:
        try:
            get_template(fragment.template)
        except TemplateDoesNotExist as missing:
            yield f"{fragment} names the template {missing}, which does not exist."
        except TemplateSyntaxError as error:
            yield f"The template {fragment.template}, which {fragment} names: {error}"


def _pages() -> Iterator[str]:
    for entry in parts_of(MenuEntry):
        try:
            reverse(entry.url_name)
        except NoReverseMatch:
            yield f"The menu entry {entry.words} names an unknown URL: {entry.url_name}."


def _tasks() -> Iterator[str]:
    for task in parts_of(QueueTask):
        try:
            import_string(task.function)
        except ImportError:
            yield f"The queue may run {task.function}, which does not exist."


def _names() -> Iterator[str]:
    """Parts that share a name would replace one another or receive each other's clicks."""
    for kind, name_of in NAMED.items():
        names = Counter((part.model, name_of(part)) for part in parts_of(kind))
        for (model, name), count in names.items():
            if count > 1:
                yield f"{count} parts for {model} are called {name}."
            elif name in _own_names(model, kind):
                yield f"A {kind.__name__} for {model} is called {name}, like one of the list's own."
    yield from _doubled("panels of the home page called", (e.name for e in parts_of(HomePanel)))
    yield from _doubled("health checks called", (each.name for each in parts_of(HealthCheck)))
    keys = (entry.keys for entry in parts_of(MenuEntry) if entry.keys)
    yield from _doubled("menu entries with the keys", keys)


def _own_names(model_name: str, kind: type[Part]) -> set[str]:
    """Names that the list already uses without parts; empty if the model has no list."""
    known = {model._meta.label: own for model, own in admin.site._registry.items()}
    own = known.get(model_name)
    if own is None:
        return set()
    if kind is FilterPart:
        return {_filter_name(each) for each in own.list_filter}
    listed = own.list_display if kind is ColumnPart else [*(own.actions or ()), "delete_selected"]
    return {getattr(each, "__name__", str(each)) for each in listed}


def _filter_name(list_filter: Any) -> str:
    """The URL parameter or field that the filter reads."""
    found = list_filter[0] if isinstance(list_filter, tuple) else list_filter
    return found if isinstance(found, str) else str(found.parameter_name)


NAMED: dict[type[ModelPart], Callable[[Any], str]] = {
    ActionPart: lambda part: part.name,
    ColumnPart: lambda part: part.show.__name__,
    FilterPart: lambda part: _filter_name(part.list_filter),
}


def _doubled(what: str, names: Iterable[str]) -> Iterator[str]:
    for name, count in Counter(names).items():
        if count > 1:
            yield f"There are {count} {what} {name}."
