"""Times on pages: how long ago, and exactly when."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from schema.limits import FIRST_YEAR, LAST_YEAR

MINUTE, HOUR, DAY = 60, 3_600, 86_400
# Older times are shown as dates.
RELATIVE_DAYS = 7


def is_storable_year(moment: datetime) -> bool:
    """True for a time that every database stores, and that exists in every time zone."""
    return FIRST_YEAR <= moment.year <= LAST_YEAR


def validate_year(moment: datetime) -> None:
    if not is_storable_year(moment):
        raise ValidationError(f"Enter a year from {FIRST_YEAR} to {LAST_YEAR}.")


def time_tag(moment: datetime) -> SafeString:
    """A relative time; the exact one, with time zone, shows on hover or focus of its link."""
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(timespec="seconds"),
        exact_moment(moment),
        relative_time(moment),
    )


def exact_moment(moment: datetime) -> str:
    """ "2026-11-28 08:24:37 UTC", in the console's time zone."""
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M:%S %Z}"


def relative_time(moment: datetime, now: datetime | None = None) -> str:
    """ "3 min ago", "in 2 h", "just now"; only the date if it is more than a week away."""
    seconds = int(((now or timezone.now()) - moment).total_seconds())
    length = abs(seconds)
    if length < MINUTE:
        return "just now"
    if length >= RELATIVE_DAYS * DAY:
        return f"{timezone.localdate(moment):%Y-%m-%d}"
    size, unit = next(
        pair for pair in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")) if length >= pair[0]
    )
    words = f"{length // size} {unit}"
    return f"{words} ago" if seconds > 0 else f"in {words}"
