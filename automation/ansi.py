"""Ansible's colours: stripped for plain text, turned into spans for pages."""

import re
from collections.abc import Iterator

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

# Colours and styles (CSI … m) are interpreted; all other control sequences are dropped. An
# unterminated one is not a sequence: its characters show.
SEQUENCE = re.compile(r"\x1b(?:\[([0-?]*)[ -/]*([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])")
# Control characters, including those that change text direction: output must not be able to
# disguise itself.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
BOLD = "ansi-bold"
ESC = "\x1b"


def plain(text: str) -> str:
    """The text without escape sequences."""
    text = SEQUENCE.sub("", text)
    # Removing one may have joined characters into another.
    return text.replace(ESC, "") if SEQUENCE.search(text) else text


def to_html(text: str) -> SafeString:
    """One line as HTML: escaped, then colours as `<span class="ansi-red">`.

    Other control characters are shown as symbols (NUL as ␀), so that nothing is lost.
    """
    parts = []
    for classes, chunk in _chunks(text):
        html = visible(chunk)
        parts.append(
            f'<span class="{" ".join(sorted(classes))}">{html}</span>' if classes else html
        )
    return mark_safe("".join(parts))  # noqa: S308  (every chunk is escaped above)


def visible(text: str) -> str:
    """The text escaped, with symbols for control characters."""
    return CONTROL.sub(_picture, escape(text))


def _chunks(text: str) -> Iterator[tuple[frozenset[str], str]]:
    """(classes, text) for each piece between sequences, in order."""
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
    """The classes after a colour sequence such as "1;31"."""
    numbers = iter(int(part) if part.isdigit() else 0 for part in codes[:100].split(";"))
    for code in numbers:
        if code == 0:
            classes = frozenset()
        elif code == 1:
            classes |= {BOLD}
        elif code == 22:
            classes -= {BOLD}
        elif code in (38, 48):
            # 38;5;n and 38;2;r;g;b select colours that we lack; skip their numbers, which are not
            # codes.
            for _ in range({5: 1, 2: 3}.get(next(numbers, 0), 0)):
                next(numbers, 0)
        elif 30 <= code <= 37 or 90 <= code <= 97:
            classes = classes & {BOLD} | {f"ansi-{COLOURS[code % 10]}"}
        elif code == 39:
            classes &= {BOLD}
    return classes


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"[U+{code:04X}]"
