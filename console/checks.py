"""What would otherwise be noticed on a page, or never: parts that do not fit."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, register
from django.template import TemplateDoesNotExist
from django.template.loader import get_template

from .pages import ActionPart, ColumnPart, ListToolPart, ModelPart, PanelPart
from .parts import parts_of


@register()
def check_parts(**kwargs: Any) -> list[CheckMessage]:
    return [Error(words, id="console.E001") for words in _misfits()]


def _misfits() -> Iterator[str]:
    for part in parts_of(ModelPart):
        try:
            apps.get_model(part.model)
        except (LookupError, ValueError):
            yield f"There is no model {part.model}, for which {part} is."
    fragments: list[PanelPart | ListToolPart] = [*parts_of(PanelPart), *parts_of(ListToolPart)]
    for fragment in fragments:
        try:
            get_template(fragment.template)
        except TemplateDoesNotExist:
            yield f"There is no template {fragment.template}, which {fragment} names."
    names = Counter([(part.model, part.act.__name__) for part in parts_of(ActionPart)])
    names.update((part.model, part.show.__name__) for part in parts_of(ColumnPart))
    for (model, name), count in names.items():
        if count > 1:
            yield f"{count} parts for {model} are called {name}."
