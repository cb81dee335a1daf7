"""What the console's admin pages share.

Lists that never count for long, read-only history, and actions that call verbs and report.
"""

from .actions import ask_first, ask_for_values, call_each, join_names, reason
from .admins import ConsoleAdmin, HistoryAdmin, without_fields
from .cells import Day, Each, Narrow
from .filters import (
    ExactFilter,
    KindsFilter,
    PrefixFilter,
    RelatedFilter,
    TagFilter,
    TimeRangeFilter,
)
from .own_pages import PageAdmin, PageHistoryAdmin, PageRows
from .rows import COUNTED_ROWS, AtLeast, CappedPaginator, Rows

__all__ = [
    "COUNTED_ROWS",
    "AtLeast",
    "CappedPaginator",
    "ConsoleAdmin",
    "Day",
    "Each",
    "ExactFilter",
    "HistoryAdmin",
    "KindsFilter",
    "Narrow",
    "PageAdmin",
    "PageHistoryAdmin",
    "PageRows",
    "PrefixFilter",
    "RelatedFilter",
    "Rows",
    "TagFilter",
    "TimeRangeFilter",
    "ask_first",
    "ask_for_values",
    "call_each",
    "join_names",
    "reason",
    "without_fields",
]
