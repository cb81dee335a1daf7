"""`{% panels job %}`: what apps have contributed to the page of a job."""

from typing import Any

from django import template
from django.db.models import Model
from django.template import Context
from django.template.loader import get_template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from console.pages import PanelContext, PanelPart, panels_at

register = template.Library()


@register.simple_tag(takes_context=True)
def panels(context: Context, row: Model, place: str = "main") -> SafeString:
    """The panels of one place, each after the other; nothing where nobody has contributed any."""
    parts = panels_at(type(row), place)
    return format_html_join("", "{}", ((_shown(context, row, part),) for part in parts))


def _shown(context: Context, row: Model, part: PanelPart) -> SafeString:
    panel: Any = get_template(part.template)
    with context.push(**_context_of(context, row, part)):
        return panel.template.render(context)


def _context_of(context: Context, row: Model, part: PanelPart) -> PanelContext:
    """Asked for once a request: an app's panels stand at several places and say the same."""
    request = context["request"]
    known = vars(request).setdefault("panel_contexts", {})
    key = (part.context, row._meta.label, row.pk)
    if key not in known:
        known[key] = part.context(request, row)
    return known[key]
