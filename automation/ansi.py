"""Ansible's colours: taken out for plain text, turned into spans for a page."""

import re
from collections.abc import Iterator

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

# Colours and styles (CSI … m) mean something here; every other control sequence is dropped.
SEQUENCE = re.compile(r"\x1b(?:\[([0-?]*)[ -/]*([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")


def plain(text: str) -> str:
    """The text without any escape sequence."""
    return SEQUENCE.sub("", text)


def to_html(text: str) -> SafeString:
    """One line as HTML: escaped first, then colours as `<span class="ansi-red">`.

    Other control characters show as their pictures (NUL as ␀), so that nothing is lost.
    """
    parts = []
    for classes, chunk in _chunks(text):
        html = CONTROL.sub(_picture, escape(chunk))
        parts.append(
            f'<span class="{" ".join(sorted(classes))}">{html}</span>' if classes else html
        )
    return mark_safe("".join(parts))  # noqa: S308  (every chunk is escaped above)


def _chunks(text: str) -> Iterator[tuple[frozenset[str], str]]:
    """(classes, text between two sequences), in order."""
    classes: frozenset[str] = frozenset()
    end = 0
    for match in SEQUENCE.finditer(text):
        if match.start() > end:
            yield classes, text[end : match.start()]
        if match[2] == "m":
            classes = _after(classes, match[1])
        end = match.end()
    if end < len(text):
        yield classes, text[end:]


def _after(classes: frozenset[str], codes: str) -> frozenset[str]:
    """The classes in force after a colour sequence such as "1;31"."""
    for code in (int(part) if part.isdigit() else 0 for part in codes.split(";")):
        if code == 0:
            classes = frozenset()
        elif code == 1:
            classes |= {"ansi-bold"}
        elif 30 <= code <= 37 or 90 <= code <= 97:
            colour = f"ansi-{COLOURS[code % 10]}"
            classes = frozenset(c for c in classes if c == "ansi-bold") | {colour}
        elif code == 39:
            classes = frozenset(c for c in classes if c == "ansi-bold")
    return classes


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    return "␡" if code == 0x7F else chr(0x2400 + code)
