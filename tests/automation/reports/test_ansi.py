"""Output of playbooks as HTML: coloured, complete, and never more than text."""

import random
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from automation.ansi import BOLD, COLOURS, plain, to_html
from automation.reports.log_html import SHOWN_CHARACTERS, text_html
from automation.templatetags.automation import short_duration

ESC = "\x1b"


class Reader(HTMLParser):
    """What a browser would see: the text, and every tag with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text, self.tags = "", []
        self.feed(html)
        self.close()

    def handle_data(self, data):
        self.text += data

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_comment(self, data):
        self.tags.append(("comment", data))

    handle_decl = unknown_decl = handle_pi = handle_comment


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("ok", "ok"),
        ("", ""),
        (f"{ESC}[0;32mok: [web1]{ESC}[0m", '<span class="ansi-green">ok: [web1]</span>'),
        (f"{ESC}[1;35mwarn", '<span class="ansi-bold ansi-magenta">warn</span>'),
        (
            f"{ESC}[1mx{ESC}[31my{ESC}[22mz",
            '<span class="ansi-bold">x</span><span class="ansi-bold ansi-red">y</span>'
            '<span class="ansi-red">z</span>',
        ),
        (f"{ESC}[91mx{ESC}[39my", '<span class="ansi-red">x</span>y'),
        (f"{ESC}[mx", "x"),
        (f"{ESC}[38;5;31mx", "x"),
        (f"{ESC}[38;2;31;32;33mx", "x"),
        (f"{ESC}[48;5;1;34mx", '<span class="ansi-blue">x</span>'),
        (f"a{ESC}[2Kb{ESC}[10;4Hc", "abc"),
        (f"{ESC}]0;a title\x07x", "x"),
        (f"{ESC}]8;;https://evil.example{ESC}\\link{ESC}]8;;{ESC}\\", "link"),
        (f"half {ESC}[3", "half ␛[3"),
        (f"{ESC}]0;never ended", "␛]0;never ended"),
        (ESC, "␛"),
        ("a\x00b\x07c\rd\x7f", "a␀b␇c␍d␡"),
        ("a\tb", "a\tb"),
        ("\x9b31mx", "[U+009B]31mx"),
        ("user\u202egpj.exe", "user[U+202E]gpj.exe"),
        ("🚀 ünïcode 👩‍🚀", "🚀 ünïcode 👩‍🚀"),
    ],
)
def test_a_line_as_html(text, html):
    assert to_html(text) == html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        f"<{ESC}[31mscript>alert(1)</{ESC}[0mscript>",
        f"<scr{ESC}[Kipt>alert(1)</script>",
        f"{ESC}[31;<img src=x onerror=alert(1)>m",
        f'{ESC}[31m" class="x" onmouseover="alert(1)',
        "&lt;b&gt; &#60;script&#62;",
        "<!-- -->",
        "</pre></span></div><svg onload=alert(1)>",
    ],
)
def test_html_in_output_is_only_text(text):
    seen = Reader(to_html(text))
    assert all(tag == "span" and attrs.keys() == {"class"} for tag, attrs in seen.tags)
    assert seen.text == plain(text)


def test_nothing_that_is_printed_becomes_more_than_coloured_text():
    """Random mixtures of everything that could do harm."""
    luck = random.Random(20)
    pieces = [*"<>&\"'`=/;[]m03145 \t", ESC, f"{ESC}[", f"{ESC}]", "\x07", "\x00", "\x9b", "\u202e"]
    pieces += ["script", "onload", "<img src=x onerror=", "31;1", "38;5;", "é", "🚀", "&amp;"]
    allowed = {BOLD, *(f"ansi-{colour}" for colour in COLOURS)}
    for _ in range(3000):
        text = "".join(luck.choices(pieces, k=luck.randint(1, 40)))
        seen = Reader(to_html(text))
        for tag, attrs in seen.tags:
            assert tag == "span" and attrs.keys() == {"class"}, text
            assert set(attrs["class"].split()) <= allowed, text
        assert ESC not in seen.text and "\x00" not in seen.text


def test_a_long_line_is_shown_in_part_and_quickly():
    line = f"{ESC}[31m" + "x" * 1_000_000
    assert len(text_html(line)) < SHOWN_CHARACTERS + 200
    assert f"… {len(line) - SHOWN_CHARACTERS} more characters" in text_html(line)
    assert text_html("short") == "short"
    assert len(to_html(f"{ESC}]" * 100_000)) > 0


def test_durations():
    words = [short_duration(timedelta(seconds=n)) for n in (0, 59.9, 60, 3599, 3600, 90_000)]
    assert words == ["0 s", "59 s", "1 min 0 s", "59 min 59 s", "1 h 0 min", "25 h 0 min"]
    assert short_duration(None) == "-"
