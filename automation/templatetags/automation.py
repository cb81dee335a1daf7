"""Template filters for jobs and their output."""

from datetime import timedelta

from django import template
from django.utils.safestring import SafeString, mark_safe

from automation.ansi import visible
from automation.models import Job
from automation.reports.highlighting import yaml_html
from automation.reports.log_html import lines_html

register = template.Library()

# The first match wins.
DIFF_KINDS = {"+++": "file", "---": "file", "@@": "place", "+": "added", "-": "removed"}
LETTERS = {"success": "✓", "failed": "✕", "running": "▸", "pending": "…", "skipped": "»"}
TASK_ICONS = {
    "ok": "check_circle",
    "changed": "change_circle",
    "failed": "error",
    "skipped": "skip_next",
    "unreachable": "cloud_off",
    "ignored": "notifications_off",
    "rescued": "healing",
}


register.filter("log_lines", lines_html)


@register.filter
def yaml_source(text: str) -> SafeString:
    """A whole file as coloured lines; line 12 has the anchor “#S12”."""
    return yaml_html(text)


@register.filter
def coloured_diff(text: str) -> SafeString:
    """A diff as safe HTML. Keeps the signs, as not everybody can tell the colours apart."""
    return mark_safe("\n".join(map(_diff_line, text.split("\n"))))  # noqa: S308  (escaped there)


def _diff_line(line: str) -> str:
    html = visible(line)
    for start, kind in DIFF_KINDS.items():
        if line.startswith(start):
            return f'<span class="io-diff-{kind}">{html}</span>'
    return html


@register.filter
def share_of(duration: float, job: Job) -> str:
    """ "37 % of the job's time"; empty if the job has no duration yet."""
    whole = job.duration.total_seconds() if job.duration else 0
    return f"{min(1, duration / whole):.0%} of the job's time" if whole else ""


@register.filter
def width_of(duration: float, longest: float) -> str:
    """The width of a bar relative to the longest, in percent."""
    return f"{100 * duration / longest:.1f}%" if longest else "0%"


@register.filter
def letter(status: str) -> str:
    """A job's status as one character, where no word fits and colour alone is not enough."""
    return LETTERS.get(status, "-")


@register.filter
def seconds(duration: float) -> str:
    """ "0.25 s"; from a minute on in minutes and seconds."""
    return f"{duration:.2f} s" if duration < 60 else short_duration(timedelta(seconds=duration))


@register.filter
def short_duration(duration: timedelta | None) -> str:
    """ "4 s", "2 min 5 s", "1 h 12 min"; "-" for None."""
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
    """The icon for a task's result, always shown beside the word."""
    return TASK_ICONS[status]


@register.filter
def short_count(count: int) -> str:
    """ "9999", then "10k", for narrow places that also show the whole number."""
    return str(count) if count < 10_000 else f"{count // 1000}k"
