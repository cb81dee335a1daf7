"""`{% breadcrumbs %}`: the list that a page belongs to, and the page itself.

One level only; names keep their case.
"""

from typing import Any

from django import template
from django.contrib import admin
from django.template import Context
from django.urls import reverse

register = template.Library()


@register.inclusion_tag("console/_breadcrumbs.html", takes_context=True)
def breadcrumbs(context: Context) -> dict[str, Any]:
    title, row = context.get("title") or "", context.get("original") or context.get("object")
    if "cl" in context or context.get("is_popup"):
        return {"here": title}
    opts = getattr(row, "_meta", None) or context.get("opts")
    here = context.get("heading") or (row if hasattr(row, "_meta") else title)
    above = _list_of(opts) if opts else _menu_entry(context)
    return {"above": above, "here": here}


def _list_of(opts: Any) -> tuple[str, str] | None:
    """The title and URL of a model's list."""
    model_admin = admin.site._registry.get(opts.model)
    if model_admin is None:
        return None
    url = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
    return getattr(model_admin, "get_list_title", lambda: opts.verbose_name_plural)(), url


def _menu_entry(context: Context) -> tuple[str, str] | None:
    """The entry that is active in the sidebar, unless it is this very page."""
    path = context["request"].path
    for group in context.get("sidebar_navigation") or ():
        for item in group["items"]:
            if item["active"] and item["link"].partition("?")[0] != path:
                return item["title"], item["link"]
    return None
