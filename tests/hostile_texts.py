"""Searches for a text that makes a regular expression slow.

Started as a process of its own, which may be killed:

    echo '{"pattern": "(a+)+$", "flags": 0, "kinds": ["match"]}' | python tests/hostile_texts.py

It prints slow texts as `prefix + pump * n + suffix`, and nothing if there are none. It measures its
own CPU time, which other processes hardly affect.

A search among texts of some kilobytes finds the worst; only these, and a stock of usual ones, grow
to a megabyte. At that length a linear expression takes some hundredths of a second and a quadratic
one minutes, so that no machine is slow or busy enough to confuse the two.
"""

import json
import re
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

KB = 1024
MEGABYTE = 1024 * KB
# The maximum factor for a text of double length, where the time is long enough to measure.
MOST_GROWTH, MEASURABLE = 3.0, 0.3
# Whatever the growth: the maximum for a megabyte, and for a text that is still growing.
MOST_SECONDS, KILLED_AFTER = 3.0, 5
GROWING, MOST_SECONDS_GROWING = 12 * KB, 0.05
# So short a text takes well below a millisecond: one that takes longer is grown at once.
SCREENED, SUSPICIOUS = 6 * KB, 0.02
# How many of the screened texts are grown, and how many of these reach full length.
GROWN, FED = 12, 3
MOST_PREFIXES, MOST_TOKENS = 12, 20


@dataclass(frozen=True)
class Hostile:
    """A text of any length: the prefix, the pump as often as it fits, the suffix."""

    pump: str
    prefix: str = ""
    suffix: str = ""

    def __str__(self) -> str:
        return f"{self.prefix!r} + {self.pump!r} * n + {self.suffix!r}"

    def of(self, length: int) -> str:
        return self.prefix + self.pump * (length // len(self.pump)) + self.suffix


# What output and people may contain, whatever the pattern.
STOCK = [
    Hostile(pump, prefix)
    for prefix, pump in (
        *(("", pump) for pump in ("a", " ", "\n", "[", "-", '"', "\\'", "{{", "\x1b[", "\x1b]")),
        *(("", pump) for pump in ("_from_", "1:", "a.", "a,", "\r\n", "<a> ", "'a", "http://a")),
        *(("A [", pump) for pump in ("] ", "] *")),
    )
]
Scan = Callable[[re.Pattern[str], str], Any]
KINDS: dict[str, Scan] = {
    "match": lambda pattern, text: pattern.match(text),
    "fullmatch": lambda pattern, text: pattern.fullmatch(text),
    # What search, sub, split and findall do, until the end.
    "scan": lambda pattern, text: pattern.sub("", text),
}


def texts_for(pattern: str, flags: int = 0) -> list[Hostile]:
    """Each part of the pattern, and each pair of parts, repeated after each beginning."""
    parsed = re._parser.parse(pattern, flags)  # type: ignore[attr-defined]
    ways = list(_ways(parsed))
    prefixes = list(dict.fromkeys(["", *(prefix for prefix, _ in ways)]))[:MOST_PREFIXES]
    tokens = list(dict.fromkeys([*_tokens(parsed), "x", " ", "\n"]))[:MOST_TOKENS]
    pumps = [*tokens, *map("".join, product(tokens, tokens)), *(pump for _, pump in ways)]
    return [
        Hostile(pump, prefix, suffix)
        for pump in dict.fromkeys(filter(None, pumps))
        for prefix in prefixes
        for suffix in ("", "\0")
    ]


def _ways(items: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """(what leads there, what matches) for each part of a sequence, including its groups."""
    texts = [_fitting(item) for item in items]
    for start, item in enumerate(items):
        prefix = before + "".join(texts[:start])
        for end in range(start + 1, len(texts) + 1):
            yield prefix, "".join(texts[start:end])
        for inner in _inside(item):
            yield from _ways(inner, prefix)


def _inside(item: Any) -> list[Any]:
    """The sequences within a group, repeat or choice."""
    name, value = str(item[0]), item[1]
    if name == "BRANCH":
        return list(value[1])
    if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        return [value[2]]
    if name == "SUBPATTERN":
        return [value[3]]
    if name in ("ASSERT", "ASSERT_NOT"):
        return [value[1]]
    return [value] if name == "ATOMIC_GROUP" else []


def _fitting(item: Any) -> str:
    """A short text that a part matches, with each repeat at least once."""
    name, value = str(item[0]), item[1]
    if name in ("ASSERT_NOT", "AT", "GROUPREF"):
        return ""
    if inner := _inside(item):
        times = max(1, value[0]) if name.endswith("REPEAT") else 1
        return "".join(map(_fitting, inner[0])) * times
    return next(_characters(item), "")


def _tokens(items: Any) -> Iterator[str]:
    """Words in the pattern, with variants for each of its character classes."""
    word = ""
    for item in [*items, ("END", None)]:
        if str(item[0]) == "LITERAL":
            word += chr(item[1])
            continue
        if word:
            yield word
        word = ""
        for inner in _inside(item):
            yield from _tokens(inner)
        yield from _characters(item)


def _characters(item: Any) -> Iterator[str]:
    """Some characters that a single item matches: its own first, then usual ones."""
    name, value = str(item[0]), item[1]
    if name == "LITERAL":
        yield chr(value)
    elif name in ("ANY", "NOT_LITERAL", "IN"):
        class_ = _class(name, value)
        own = [chr(end) for end in _ends(value)] if name == "IN" else []
        taken = [char for char in (*own, *'x0 \n-.:,*[]"') if class_.fullmatch(char)]
        yield from dict.fromkeys(taken)


def _ends(members: Any) -> Iterator[int]:
    for name, value in members:
        if str(name) == "LITERAL":
            yield value
        elif str(name) == "RANGE":
            yield value[0]


def _class(name: str, value: Any) -> re.Pattern[str]:
    if name == "ANY":
        return re.compile(".", re.DOTALL)
    if name == "NOT_LITERAL":
        return re.compile(f"[^{re.escape(chr(value))}]")
    return re.compile("[" + "".join(map(_member, value)) + "]")


def _member(member: Any) -> str:
    name, value = str(member[0]), member[1]
    if name == "NEGATE":
        return "^"
    if name == "RANGE":
        return f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}"
    if name == "CATEGORY":
        letter = {"DIGIT": "d", "SPACE": "s", "WORD": "w"}[str(value).rpartition("_")[2]]
        return "\\" + (letter.upper() if "_NOT_" in str(value) else letter)
    return re.escape(chr(value))


def slow_text(pattern: re.Pattern[str], kinds: Iterable[str], longest: int) -> str:
    """The first slow text and how slow it is; "" if there is none.

    `longest` is the longest text that the pattern can meet.
    """
    return next(filter(None, (_slow_text(pattern, kind, longest) for kind in kinds)), "")


def _slow_text(pattern: re.Pattern[str], kind: str, longest: int) -> str:
    seconds = partial(_seconds, KINDS[kind], pattern)
    screened = _screened(texts_for(pattern.pattern, pattern.flags), seconds, longest)
    grown = {}
    for text in screened:
        grown[text] = seconds(text, min(GROWING, longest), MOST_SECONDS_GROWING)
        if grown[text] > MOST_SECONDS_GROWING:
            return f"{kind} of {text} takes {grown[text]:.2f} s for {GROWING} characters"
    for text in [*sorted(screened, key=lambda text: -grown[text])[:FED], *STOCK]:
        whole = seconds(text, longest, MEASURABLE)
        half = seconds(text, longest // 2, MEASURABLE) if whole > MEASURABLE else whole
        if whole > min(MOST_SECONDS, MOST_GROWTH * half):
            return f"{kind} of {text} takes {half:.2f} s, and twice as long a one {whole:.2f} s"
    return ""


def _screened(
    texts: list[Hostile], seconds: Callable[[Hostile, int, float], float], longest: int
) -> list[Hostile]:
    """The texts that take longest."""
    taken = {}
    for text in texts:
        taken[text] = seconds(text, min(SCREENED, longest), SUSPICIOUS)
        if taken[text] > SUSPICIOUS:
            return [text]
    return sorted(texts, key=lambda text: -taken[text])[:GROWN]


def _seconds(
    scan: Scan, pattern: re.Pattern[str], text: Hostile, length: int, enough: float
) -> float:
    """CPU seconds: the least of three tries, unless the first is short enough or far too long.

    Prints what it tries first, so that it is known if the process is killed.
    """
    whole, least = text.of(length), float("inf")
    sys.stderr.write(f"{text} of {length} characters\n")
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    for _ in range(3):
        began = time.process_time()
        # The kernel counts in whole seconds.
        resource.setrlimit(resource.RLIMIT_CPU, (int(began) + KILLED_AFTER, hard))
        scan(pattern, whole)
        least = min(least, time.process_time() - began)
        if not enough < least < 4 * enough:
            break
    return least


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    sought = re.compile(asked["pattern"], asked["flags"])
    print(slow_text(sought, asked["kinds"], asked.get("longest", MEGABYTE)))
