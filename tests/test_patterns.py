"""No text makes a regular expression slow: each is fed the worst that can be derived from it."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patterns import compiled_in_modules, patterns, refused

pytestmark = [pytest.mark.slow, pytest.mark.on_either]

SEARCH = Path(__file__).with_name("hostile_texts.py")
FOUND = patterns()
# {pattern made at run time: why no text is slow for it}.
MADE_AT_RUN_TIME = {
    "automation/execution/masking.py _whole_words": "Names of hosts side by side, with no repeat.",
    "audit/redaction.py _anyhow_written": "No part gives back what it took; its own tests feed it.",
    "inventory/choosing/patterns.py _matching_wildcards": "fnmatch's own, on 255 characters.",
    "automation/content/play_hosts.py terms_of": "One of two separators.",
    "schema/foreign_keys.py with_rule": "It meets our own CREATE TABLE only.",
    "schema/live_sqlite.py _kind": "It meets our own CREATE TABLE only.",
}
# {pattern: the longest text it can meet}, where other code enforces the limit, which is named.
CAPPED: dict[str, int] = {}


def slow_text(pattern: re.Pattern[str], kinds: frozenset[str], longest: int | None = None) -> str:
    """A text that takes it long; "" if there is none."""
    text = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode()
    asked = {"pattern": text, "flags": pattern.flags, "kinds": sorted(kinds)}
    limited = {"longest": longest} if longest else {}
    done = subprocess.run(
        # It only needs the standard library, and is started for each pattern.
        [sys.executable, "-I", "-S", str(SEARCH)],
        input=json.dumps(asked | limited),
        capture_output=True,
        text=True,
    )
    if done.returncode == 0:
        return done.stdout.strip()
    return f"killed ({done.returncode}) at: {''.join(done.stderr.splitlines()[-1:])}"


@pytest.mark.parametrize("found", [each for each in FOUND if each.pattern], ids=str)
def test_no_text_is_slow(found):
    assert slow_text(found.pattern, found.kinds, CAPPED.get(found.place)) == ""


@pytest.mark.parametrize(
    ("kind", "pattern"),
    [
        ("match", r"(a+)+$"),
        ("match", r"[A-Z]+ \[.*\].*!"),
        ("scan", r"\s+$"),
        ("scan", r"^[-\s]*no"),
        ("scan", r"<[^>]*>"),
        ("scan", r"\d+\.\d+"),
        ("fullmatch", r"\d+[\d.]*;"),
    ],
)
def test_a_slow_one_is_noticed(kind, pattern):
    assert slow_text(re.compile(pattern, re.MULTILINE), frozenset({kind})) != ""


@pytest.mark.parametrize(
    ("kind", "pattern"),
    [
        ("match", r"(?>a+)+$"),
        ("scan", r"<[^<>]*>"),
        ("scan", r"(?<!\d)\d++\.\d++"),
        ("fullmatch", r"\w[\w.-]*(,\w[\w.-]*)*"),
    ],
)
def test_a_fast_one_is_let_through(kind, pattern):
    assert slow_text(re.compile(pattern), frozenset({kind})) == ""


def test_a_short_text_may_be_all_that_a_pattern_meets():
    assert slow_text(re.compile(r"x+y"), frozenset({"scan"}), 300) == ""


def test_what_is_made_at_run_time_is_known():
    assert {each.place for each in FOUND if each.pattern is None} == MADE_AT_RUN_TIME.keys()


def test_none_is_missed():
    known = {(each.pattern.pattern, each.pattern.flags) for each in FOUND if each.pattern}
    held = {(each.pattern, each.flags) for each in compiled_in_modules()}
    assert len(held) > 20
    assert held <= known
    assert refused() == []
