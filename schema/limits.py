"""How much is taken from people and programs: the limits of everything that is typed or sent.

What is read from files or printed by a playbook is limited where it is read:
automation/content/playbook_files.py, inventory/ansible/reading.py, automation/execution.
"""

from collections.abc import Collection, Sequence
from heapq import nsmallest
from typing import Any

# --- Texts, in characters -------------------------------------------------------------------------

# A description, a secret, YAML in a form.
LONGEST_TEXT = 100_000
# A stored JSON value, written out: a server's variables, the extra variables of a launch.
LONGEST_JSON = 500_000
# A comment on a ticket.
LONGEST_COMMENT = 50_000
# Digits of a number in a form.
LONGEST_NUMBER = 300
# A search text, and any other filter in a URL. SQLite takes no pattern of more than 50,000 bytes,
# and no condition of more than a few hundred words.
LONGEST_SEARCH = 255
LONGEST_FILTER = 5_000
# A limit: a pattern of hosts and groups.
LONGEST_PATTERN = 1_000
# A name that somebody sent, in a message about it; and a whole message.
LONGEST_QUOTE = 100
LONGEST_MESSAGE = 2_000

# --- Numbers --------------------------------------------------------------------------------------

# The largest integer that columns hold on every database, and the largest key.
LARGEST = 2**63 - 1
LARGEST_KEY = 2**31 - 1
# The first and the last year that every database stores, and that has a time in every time zone.
FIRST_YEAR, LAST_YEAR = 1000, 9998

# --- Counts ---------------------------------------------------------------------------------------

# Names and problems in one message; the others are counted.
NAMED = 20
# Levels of lists and objects. MariaDB's JSON takes 32, including those around a stored value.
DEEPEST = 20
# Levels of a request's body: a value and what is around it.
DEEPEST_BODY = 24
# Items of one list, and names of one object, within a request's body.
MOST_ITEMS = 10_000
# Variables that a playbook declares, or a launch passes.
MOST_VARIABLES = 2_000
# Rows of names and values in a form: each sends three fields (DATA_UPLOAD_MAX_NUMBER_FIELDS).
MOST_ROWS = 1_500
# Marks of Markdown in one text: links, emphasis, code. Texts with more are shown as they are.
MOST_MARKS = 2_000
# Filters in the URL of a list.
MOST_FILTERS = 50
MAX_PAGE_SIZE = 500


def more_words(count: int) -> list[str]:
    """["… and 99,980 more."], or [] for none."""
    return [f"… and {count:,} more."] if count > 0 else []


def first_named(names: Collection[str]) -> tuple[list[str], list[str]]:
    """The first NAMED in alphabetical order, and ["… and 3 more."] or []."""
    return nsmallest(NAMED, names), more_words(len(names) - NAMED)


def list_some(names: Sequence[str], most: int = NAMED) -> str:
    """ "web1, web2"; for many, the first few and the number of others."""
    more = len(names) - most
    shown = ", ".join(map(quoted, names[:most]))
    return f"{shown} and {more:,} more" if more > 0 else shown


def name_some(names: Sequence[str], most: int = 5) -> str:
    """ "web1", "web1 and web2"; for many, the first few and the number of others."""
    if len(names) > most:
        return list_some(names, most)
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def quoted(text: str, longest: int = LONGEST_QUOTE) -> str:
    """What somebody sent as a message shows it: a very long text is cut."""
    return text if len(text) <= longest else f"{text[:longest]}…"


def first_problems(problems: Sequence[str]) -> list[str]:
    """The first NAMED problems, then how many more there are."""
    return [*problems[:NAMED], *more_words(len(problems) - NAMED)]


def is_deeper(value: Any, levels: int) -> bool:
    """True if lists and objects are nested deeper than this."""
    if not isinstance(value, list | dict):
        return False
    items = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(is_deeper(item, levels - 1) for item in items)


def is_wider(value: Any, most: int) -> bool:
    """True if any list or object below this one has more entries. Not for deep values."""
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(
        len(item) > most or is_wider(item, most) for item in items if isinstance(item, list | dict)
    )
