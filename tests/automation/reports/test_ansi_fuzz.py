"""Whatever a playbook prints, a page shows only text in coloured spans."""

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automation.ansi import BOLD, COLOURS, CONTROL, SEQUENCE, plain, to_html
from automation.reports.log_html import text_html
from automation.templatetags.automation import coloured_diff

pytestmark = pytest.mark.on_either

ALLOWED = {BOLD, *(f"ansi-{colour}" for colour in COLOURS)}
DIFFS = {f"io-diff-{kind}" for kind in ("file", "place", "added", "removed")}

ESC = "\x1b"
# What could do harm, whole and in parts, so that the parts can also combine.
PIECES = [
    *"<>&\"'`=/;:()[]{}mKHJ?0123489 \t\n\r",
    ESC,
    f"{ESC}[",
    f"{ESC}]",
    f"{ESC}\\",
    "\x07",
    "\x9b",
    "\x9d",
    "\x9c",
    f"{ESC}[31m",
    f"{ESC}[1;4;38;5;196m",
    f"{ESC}[38;2;1;2;3m",
    f"{ESC}[0m",
    f"{ESC}[2K",
    f"{ESC}[1A",
    f"{ESC}[10;4H",
    f"{ESC}[?25l",
    f"{ESC}]0;title\x07",
    f"{ESC}]8;;javascript:alert(1){ESC}\\",
    f"{ESC}]8;;https://evil.example\x07",
    f"{ESC}P1;2|payload{ESC}\\",
    f"{ESC}_G payload{ESC}\\",
    " 10 %\r 20 %\r",
    "\b \b",
    "\u202e",
    "\u2028",
    "\ud800",
    "\ufeff",
    "<script>",
    "</script>",
    "<img src=x onerror=",
    "<!--",
    "]]>",
    "<![CDATA[",
    "&lt;",
    "&#60;",
    "onload",
    "javascript:",
    "</span>",
    "</pre>",
    "--- a",
    "+++ b",
    "@@ -1 +1 @@",
]
TEXTS = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=40).map("".join),
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=5)), max_size=30).map("".join),
    # Any bytes, as from a pipe.
    st.binary(max_size=200).map(lambda raw: raw.decode(errors="surrogateescape")),
    st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")),
)
many = settings(max_examples=400, deadline=None, database=None)


class Reader(HTMLParser):
    """What a browser would see: the text, and the classes of each element."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text, self.depth = "", 0
        self.classes: set[str] = set()
        self.feed(html)
        self.close()

    def handle_data(self, data):
        self.text += data

    def handle_starttag(self, tag, attributes):
        assert tag == "span" and [name for name, _ in attributes] == ["class"]
        self.classes |= set(attributes[0][1].split())
        self.depth += 1

    def handle_endtag(self, tag):
        assert tag == "span" and self.depth > 0
        self.depth -= 1

    def refuse(self, data):
        raise AssertionError(f"more than text: {data}")

    handle_comment = handle_decl = unknown_decl = handle_pi = refuse


@many
@given(TEXTS)
def test_a_line_becomes_coloured_text_and_nothing_is_lost(text):
    seen = Reader(to_html(text))
    assert seen.depth == 0 and seen.classes <= ALLOWED
    assert not CONTROL.search(seen.text)
    # Everything but the sequences is there; control characters as symbols.
    shown = [c for c in plain(text) if not CONTROL.match(c)]
    rest = iter(seen.text)
    assert all(c in rest for c in shown)


@many
@given(TEXTS)
def test_a_line_in_the_page_is_the_same(text):
    seen = Reader(text_html(text))
    assert seen.depth == 0 and seen.classes <= ALLOWED


@many
@given(TEXTS)
def test_a_difference_becomes_coloured_text(text):
    seen = Reader(coloured_diff(text))
    assert seen.depth == 0 and seen.classes <= DIFFS
    assert len(seen.text.split("\n")) == len(text.split("\n"))


@many
@given(TEXTS)
def test_plain_text_has_no_sequence_left(text):
    assert not SEQUENCE.search(plain(text))
