"""YAML source as HTML: numbered, coloured, linkable lines, with all text escaped."""

import re
from itertools import groupby
from typing import Any

from django.utils.safestring import SafeString, mark_safe
from pygments.lexers.data import YamlLexer
from pygments.token import Comment, Keyword, Literal, Name, Punctuation

from automation.ansi import visible

# The lexer takes some microseconds per character, and its patterns look ahead to the end of the
# line again and again: a longer text, or one with longer lines, gets no colours, and very long ones
# are cut.
COLOURED_CHARACTERS = 64 * 1024
COLOURED_WIDTH = 1000
SHOWN_CHARACTERS = 512 * 1024

KINDS = ("", "key", "string", "comment", "tag", "mark", "constant", "jinja")
CONSTANT, JINJA = KINDS.index("constant"), KINDS.index("jinja")
TOKENS = {
    Name.Tag: "key",
    Literal.String: "string",
    Name.Constant: "string",  # a block: what follows “|” or “>”
    Comment: "comment",
    Keyword: "tag",
    Name.Label: "tag",
    Name.Namespace: "mark",
    Punctuation: "mark",
}
VALUES = (Literal.Scalar.Plain, Name.Variable)
LINE_END = re.compile(r"\r\n?|\n")
CONSTANTS = re.compile(r"true|false|yes|no|null|~|-?\d{1,20}(\.\d{1,20})?", re.IGNORECASE)
# Neither part looks past the next bracket, so that no text is slow.
EXPRESSION = re.compile(r"\{\{[^{}]*\}\}|\{%[^{}%]*%\}")


def yaml_html(
    text: str, first_line: int = 1, mark: int | None = None, *, anchor: str = "S"
) -> SafeString:
    """The text as a block of lines, each with its number and the anchor “#S12”.

    `mark` is the number of the line to highlight. Blocks on the same page need different `anchor`s;
    with an empty one the lines get none.
    """
    text = LINE_END.sub("\n", text)
    hidden, text = len(text) - SHOWN_CHARACTERS, text[:SHOWN_CHARACTERS].removesuffix("\n")
    lines = _coloured(text) if _is_coloured(text) else visible(text).split("\n")
    rows = [
        _row(number, line, anchor, marked=number == mark)
        for number, line in enumerate(lines, first_line)
    ]
    if hidden > 0:
        rows.append(f'<p class="io-yaml-more">{hidden} more characters are not shown.</p>')
    return mark_safe(  # noqa: S308  (every text in it went through `visible`)
        f'<div class="io-yaml" role="group" aria-label="Source" tabindex="0">{"".join(rows)}</div>'
    )


def _is_coloured(text: str) -> bool:
    width = max(map(len, text.split("\n")))
    return len(text) <= COLOURED_CHARACTERS and width <= COLOURED_WIDTH


def _row(number: int, html: str, anchor: str, *, marked: bool) -> str:
    """One line. Its number is an attribute, so that copied source has no numbers in it."""
    figure = f'class="io-yaml-number" data-number="{number}"'
    address, link = "", f"<span {figure}></span>"
    if anchor:
        address = f' id="{anchor}{number}"'
        link = f'<a href="#{anchor}{number}" {figure} aria-label="Line {number}"></a>'
    classes = "io-yaml-line io-yaml-marked" if marked else "io-yaml-line"
    return f'<div class="{classes}"{address}>{link}<span class="io-yaml-text">{html}</span></div>'


def _coloured(text: str) -> list[str]:
    """Each line as HTML."""
    kinds, lines, start = _kinds(text), [], 0
    for line in text.split("\n"):
        end = start + len(line)
        lines.append(_spans(line, kinds[start:end]))
        start = end + 1
    return lines


def _spans(line: str, kinds: bytes) -> str:
    parts, start = [], 0
    for kind, run in groupby(kinds):
        end = start + sum(1 for _ in run)
        html = visible(line[start:end])
        parts.append(f'<span class="io-yaml-{KINDS[kind]}">{html}</span>' if kind else html)
        start = end
    return "".join(parts)


def _kinds(text: str) -> bytes:
    """The index in KINDS for each character."""
    kinds = bytearray(len(text))
    for start, token, piece in YamlLexer().get_tokens_unprocessed(text):
        kinds[start : start + len(piece)] = bytes([_kind_of(token, piece)]) * len(piece)
    for found in EXPRESSION.finditer(text):
        kinds[found.start() : found.end()] = bytes([JINJA]) * len(found[0])
    return bytes(kinds)


def _kind_of(token: Any, piece: str) -> int:
    if token in VALUES:
        return CONSTANT if CONSTANTS.fullmatch(piece) else 0
    return next((KINDS.index(kind) for group, kind in TOKENS.items() if token in group), 0)
