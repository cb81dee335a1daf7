"""How jobs and their output look on a page."""

from datetime import timedelta

from django import template
from django.utils.safestring import SafeString

from automation.ansi import to_html
from automation.highlighting import yaml_html

register = template.Library()

# Of a longer line a page shows this much, and the download all of it.
SHOWN_CHARACTERS = 10_000
TASK_ICONS = {
    "ok": "check_circle",
    "changed": "change_circle",
    "failed": "error",
    "skipped": "skip_next",
    "unreachable": "cloud_off",
    "ignored": "notifications_off",
    "rescued": "healing",
}


@register.filter
def ansi(text: str) -> SafeString:
    """A line of output as safe HTML, in Ansible's colours."""
    return to_html(text[:SHOWN_CHARACTERS])


@register.filter
def yaml_source(text: str) -> SafeString:
    """A whole file as coloured lines; line 12 is “#S12”."""
    return yaml_html(text)


@register.filter
def hidden_characters(text: str) -> int:
    return max(0, len(text) - SHOWN_CHARACTERS)


@register.filter
def letter(status: str) -> str:
    """A job's status in one character, for where no word fits: colour alone tells not enough."""
    return {"success": "✓", "failed": "✕", "running": "▸", "pending": "…"}.get(status, "-")


@register.filter
def seconds(duration: float) -> str:
    """ "0.25 s"; from a minute on as a duration."""
    return f"{duration:.2f} s" if duration < 60 else short_duration(timedelta(seconds=duration))


@register.filter
def short_duration(duration: timedelta | None) -> str:
    """ "4 s", "2 min 5 s", "1 h 12 min"; a dash for none."""
    if duration is None:
        return "-"
    seconds = max(0, int(duration.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"


@register.filter
def task_icon(status: str) -> str:
    """The icon of a task's result; its word always stands beside it."""
    return TASK_ICONS[status]


@register.filter
def short_count(count: int) -> str:
    """ "9999", then "10k": for narrow places, where the whole number stands beside it."""
    return str(count) if count < 10_000 else f"{count // 1000}k"
