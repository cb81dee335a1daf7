"""What people write becomes HTML, and never more than intended."""

import random
from html.parser import HTMLParser

import pytest

from console.markdown import leads_somewhere, markdown_html
from schema.limits import LONGEST_COMMENT, MOST_MARKS

TAGS = set("p em strong code pre ul ol li blockquote hr br a table thead tbody tr th td s".split())
TAGS |= {"h3", "h4", "h5", "h6"}
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![x](https://elsewhere.example/pixel.png)",
    "[x](javascript:alert(1))",
    "[x](JaVa\tScRiPt:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](vbscript:x)",
    "[x](//elsewhere.example)",
    "[x](/\\elsewhere.example)",
    "<javascript:alert(1)>",
    "[x]: javascript:alert(1)\n\n[x]",
    '[x](/a "onmouseover=alert(1) "><script>")',
    "| a |\n|:-:|\n| <b onclick=x>b</b> |",
    "```<script>\nalert(1)\n```",
    "# <svg onload=alert(1)>",
    "<!-- --><style>*{}</style>",
]


class Reader(HTMLParser):
    """Collects the tags and attributes that a browser would see."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def is_harmless(html: str) -> bool:
    for tag, attributes in Reader(html).found:
        allowed = {
            "a": {"href", "rel", "title"},
            "code": {"class"},
            "ol": {"start"},
            "pre": {"tabindex"},
        }
        if tag not in TAGS or set(attributes) - allowed.get(tag, set()):
            return False
        if tag == "a" and not leads_somewhere(attributes["href"] or ""):
            return False
    return True


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_gets_through(text):
    assert is_harmless(markdown_html(text))


def test_nothing_gets_through_however_the_pieces_are_put_together():
    dice = random.Random(4)
    pieces = [*HOSTILE, "\n\n", "    ", "> ", "- ", "`", "[", "](", ")", "<", ">", '"', "&quot;"]
    for _ in range(400):
        text = "".join(dice.choices(pieces, k=dice.randint(2, 9)))
        assert is_harmless(markdown_html(text)), text


def test_it_says_what_was_meant():
    html = markdown_html("# Head\n\n**bold** `x < y` ~~no~~ [job](/jobs/1/)\n\n- one\n- two")
    assert "<h3>Head</h3>" in html and "<strong>bold</strong>" in html and "<s>no</s>" in html
    assert '<a href="/jobs/1/" rel="noopener noreferrer nofollow">job</a>' in html
    assert "<code>x &lt; y</code>" in html and html.count("<li>") == 2


def test_what_a_program_printed_keeps_its_spaces():
    html = markdown_html("Last lines:\n\n    TASK [a]   ***\n      - *item* <b>")
    assert "TASK [a]   ***\n  - *item* &lt;b&gt;" in html


def test_a_very_long_text_is_shown_as_it_stands():
    html = markdown_html("<" * (LONGEST_COMMENT + 1))
    assert html.startswith('<pre tabindex="0"><code>&lt;&lt;') and is_harmless(html)


@pytest.mark.parametrize("mark", ["![[", "[", "[a](", "*", "_a ", "`", "~~", "|a", "<", "&"])
def test_a_text_that_is_mostly_marks_is_shown_as_it_stands(mark):
    """Rendering `![[`, 30,000 times, took seconds for each view."""
    html = markdown_html(mark * 30_000)
    assert html.startswith('<pre tabindex="0"><code>') and is_harmless(html)
    few = f"**bold** {mark} " + "word " * 5_000
    assert "<strong>bold</strong>" in markdown_html(few)
    assert markdown_html("[a" * (MOST_MARKS - 4) + "\n\n**b**").endswith("<strong>b</strong></p>\n")
