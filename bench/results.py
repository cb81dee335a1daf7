"""Keeps what was measured on a quiet machine in bench/RESULTS.md, a part for each database."""

import re
from pathlib import Path

FILE = Path(__file__).with_name("RESULTS.md")
QUIET = 1.5
HEAD = """# Measured

Written by `make bench ARGS=--write`, on a machine whose load average was below 1.5 at the start.
What is measured, and how, stands at the head of each script in this folder.
"""


def write(database: str, lines: list[str], load_at_start: float) -> int:
    """Put the part of this database in its place; the exit status, 1 on a busy machine."""
    if load_at_start >= QUIET:
        print(f"\nNot written: load average {load_at_start:.2f}, and {QUIET} is the limit.")
        return 1
    parts = _parts()
    parts[database.split()[0]] = "\n\n".join(lines)
    FILE.write_text("\n\n".join([HEAD.strip(), *parts.values()]) + "\n")
    print(f"\nWritten to {FILE}.")
    return 0


def _parts() -> dict[str, str]:
    """What the file holds, by the first word of each second-level heading."""
    if not FILE.exists():
        return {}
    found = re.split(r"^(?=## )", FILE.read_text(), flags=re.MULTILINE)[1:]
    return {part.split()[1]: part.strip() for part in found}
