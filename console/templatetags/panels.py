"""Show contributed parts: `{% panels job %}` on a job's page, `{% list_tools cl %}` above lists."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from django import template
from django.db.models import Model
from django.template import Context
from django.template.loader import get_template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from console.pages import ListToolPart, PanelContext, PanelPart, panels_at
from console.parts import parts_of
from console.shielding import BROKEN, ask_part

register = template.Library()


@register.simple_tag(takes_context=True)
def panels(context: Context, row: Model, place: str = "main") -> SafeString:
    """The panels for one place, in order; empty if nobody contributes any."""
    parts = panels_at(type(row), place)
    return _joined(
        _rendered(context, part.template, partial(_context_of, context, row, part))
        for part in parts
    )


@register.simple_tag(takes_context=True)
def list_tools(context: Context, rows: Any) -> SafeString:
    """Everything contributed above a list; `rows` is its Rows."""
    request = context["request"]
    return _joined(
        _rendered(context, part.template, partial(part.context, request, rows))
        for part in parts_of(ListToolPart)
    )


def _rendered(
    context: Context, template_name: str, ask_context: Callable[[], PanelContext]
) -> SafeString:
    def fill() -> SafeString:
        found: Any = get_template(template_name)
        with context.push(**ask_context()):
            return found.template.render(context)

    return ask_part(template_name, fill, instead=BROKEN)


def _joined(fragments: Iterable[SafeString]) -> SafeString:
    return format_html_join("", "{}", ((fragment,) for fragment in fragments))


def _context_of(context: Context, row: Model, part: PanelPart) -> PanelContext:
    """Computed once per request and row: an app's panels at several places share it."""
    request = context["request"]
    known = vars(request).setdefault("panel_contexts", {})
    key = (part.context, row._meta.label, row.pk)
    if key not in known:
        known[key] = part.context(request, row)
    return known[key]
