"""Lines of a log as HTML: a page shows hundreds at once, too many for a template each."""

from collections.abc import Iterable
from datetime import tzinfo

from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from automation.ansi import to_html
from automation.models import JobLog
from automation.models.run_logs import PrintedLine

# Pages cut longer lines here; the download has all of them.
SHOWN_CHARACTERS = 10_000
EXACT, TO_THE_SECOND = "%Y-%m-%d %H:%M:%S.%f %z", "%Y-%m-%d %H:%M:%S %z"


def text_html(content: str) -> SafeString:
    """A line's text in Ansible's colours."""
    html = to_html(content[:SHOWN_CHARACTERS])
    hidden = len(content) - SHOWN_CHARACTERS
    if hidden <= 0:
        return html
    rest = f'<em class="io-muted"> … {hidden} more characters: download the log</em>'
    return mark_safe(html + rest)  # noqa: S308  (both are HTML already)


def lines_html(lines: Iterable[JobLog | PrintedLine]) -> SafeString:
    """Each line with its number, its anchor ("#L12"), and its time in the console's time zone."""
    zone = timezone.get_current_timezone()
    return mark_safe("".join(_line_html(line, zone) for line in lines))  # noqa: S308  (escaped)


def _line_html(line: JobLog | PrintedLine, zone: tzinfo) -> str:
    number = line.line_number
    is_exact = isinstance(line, JobLog)
    moment = line.timestamp.astimezone(zone).strftime(EXACT if is_exact else TO_THE_SECOND)
    time = moment[11:23] if is_exact else moment[11:19]
    return (
        f'<div class="io-line io-level-{line.log_level}" id="L{number}">'
        f'<a href="#L{number}" class="io-number" data-number="{number}"'
        f' aria-label="Line {number}"></a>'
        f'<span class="io-time" data-time="{time}" title="{moment}"></span>'
        f'<span class="io-text">{text_html(line.content)}</span></div>'
    )
