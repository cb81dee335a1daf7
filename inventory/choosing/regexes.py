"""Match names with regular expressions that somebody typed, in one process with a deadline.

Some expressions take longer than the universe will last. Python's own cannot be stopped within a
process; one that has only `re` starts in some ten milliseconds.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence

SECONDS = 1
MOST_MEMORY = 512 * 1024**2
# What the process runs: names in, for each expression the numbers of those that match out.
PROGRAM = f"""
import json, re, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, ({SECONDS}, {SECONDS}))
resource.setrlimit(resource.RLIMIT_AS, ({MOST_MEMORY}, {MOST_MEMORY}))
expressions, names = json.load(sys.stdin)
found = []
for expression in expressions:
    try:
        match = re.compile(expression).match
        found.append([number for number, name in enumerate(names) if match(name)])
    except Exception as error:
        found.append(str(error) or type(error).__name__)
json.dump(found, sys.stdout)
"""


class BadPattern(ValueError):
    """A pattern that means nothing; the message says what is wrong."""


def matching_names(expressions: Sequence[str], names: Sequence[str]) -> list[frozenset[str]]:
    """For each expression the names that it matches from their beginning. Raises BadPattern.

    The expressions share the deadline: of cheap ones, one limit has room for hundreds.
    """
    if not expressions:
        return []
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-W", "ignore", "-c", PROGRAM],
            input=json.dumps([list(expressions), list(names)]),
            capture_output=True,
            text=True,
            timeout=SECONDS * 5,
            check=False,
        )
        found = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        raise BadPattern(_too_long(expressions)) from None
    for expression, result in zip(expressions, found, strict=True):
        if isinstance(result, str):
            raise BadPattern(f"“~{expression}” is not a valid regular expression: {result}.")
    return [frozenset(names[number] for number in numbers) for numbers in found]


def _too_long(expressions: Sequence[str]) -> str:
    if len(expressions) > 1:
        return f"The {len(expressions)} regular expressions take too long to match."
    return f"“~{expressions[0]}” takes too long to match."
