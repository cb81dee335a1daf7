"""Stores results from a quiet machine in bench/RESULTS.md, one section per database."""

import re
from pathlib import Path

FILE = Path(__file__).with_name("RESULTS.md")
QUIET = 1.5
HEAD = """# Measured

Written by `make bench ARGS=--write`, on a machine whose load average was below 1.5 at the start.
What is measured, and how, stands at the head of each script in this folder.
"""


def write(database: str, lines: list[str], load_at_start: float) -> int:
    """Replace this database's section. Returns the exit status: 1 if the machine was busy."""
    if load_at_start >= QUIET:
        print(f"\nNot written: load average {load_at_start:.2f}, and {QUIET} is the limit.")
        return 1
    parts = _parts()
    parts[database.split()[0]] = "\n\n".join(lines)
    FILE.write_text("\n\n".join([HEAD.strip(), *parts.values()]) + "\n")
    print(f"\nWritten to {FILE}.")
    return 0


def _parts() -> dict[str, str]:
    """{first word of the second-level heading: section}."""
    if not FILE.exists():
        return {}
    found = re.split(r"^(?=## )", FILE.read_text(), flags=re.MULTILINE)[1:]
    return {part.split()[1]: part.strip() for part in found}
