"""Match names with a regular expression that somebody typed, in a process with a deadline.

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
# What the process runs: names in, the numbers of those that match out.
PROGRAM = f"""
import json, re, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, ({SECONDS}, {SECONDS}))
resource.setrlimit(resource.RLIMIT_AS, ({MOST_MEMORY}, {MOST_MEMORY}))
expression, names = json.load(sys.stdin)
try:
    match = re.compile(expression).match
    found = [number for number, name in enumerate(names) if match(name)]
except Exception as error:
    found = str(error) or type(error).__name__
json.dump(found, sys.stdout)
"""


class BadPattern(ValueError):
    """A pattern that means nothing; the message says what is wrong."""


def matching_names(expression: str, names: Sequence[str]) -> list[str]:
    """The names that the expression matches from their beginning. Raises BadPattern."""
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-W", "ignore", "-c", PROGRAM],
            input=json.dumps([expression, list(names)]),
            capture_output=True,
            text=True,
            timeout=SECONDS * 5,
            check=False,
        )
        found = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        raise BadPattern(f"“~{expression}” takes too long to match.") from None
    if isinstance(found, str):
        raise BadPattern(f"“~{expression}” is not a valid regular expression: {found}.")
    return [names[number] for number in found]
