"""Source on a page: coloured, numbered, complete, and never more than text."""

import random
import re
from html.parser import HTMLParser

import pytest

from automation.reports import highlighting
from automation.reports.highlighting import (
    COLOURED_CHARACTERS,
    COLOURED_WIDTH,
    KINDS,
    SHOWN_CHARACTERS,
    yaml_html,
)

pytestmark = pytest.mark.on_either

PLAY = """---
- name: Deploy <it>
  hosts: all
  vars: {retries: 3}
  tasks:
    - name: "Say {{ word }}"  # aloud
      ansible.builtin.debug: {msg: !unsafe hi}
"""
PIECES = [
    *("a: b\n", "- x\n", '"', "'", "{{", "}}", "{%", "%}", "{#", "#}", "<", ">", "&", "\n", "\r\n"),
    *("<script>alert(1)</script>", '" onmouseover="x', "</span></div>", "<!--", "]]>", "&lt;"),
    *("|\n  block\n", "!tag ", "&anchor ", "*alias", "\t", "\x00", "\x1b[31m", "\u202e", "\x85"),
    *(": ", "? ", "[", "]", "{", "}", "%YAML", "...", "\u2028", "🚀", "é", "#", "   "),
]


class Reader(HTMLParser):
    """The text of the lines, and every tag with its attributes."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.text, self.tags, self.open = "", [], []
        self.feed(html)
        self.close()

    def handle_data(self, data):
        self.text += data

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        self.text += "\n" if tag == "div" and self.open else ""

    def handle_comment(self, data):
        raise AssertionError(data)

    handle_decl = unknown_decl = handle_pi = handle_comment


def classes_of(word):
    return re.findall(rf'<span class="io-yaml-(\w+)">[^<]*{re.escape(word)}', yaml_html(PLAY))


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("hosts", "key"),
        ("# aloud", "comment"),
        ("{{ word }}", "jinja"),
        ("Say", "string"),
        ("!unsafe", "tag"),
        ("3", "constant"),
    ],
)
def test_it_is_coloured(word, kind):
    assert kind in classes_of(word)


def test_lines_have_numbers_and_addresses():
    html = yaml_html("a: 1\nb: 2\n", first_line=11, mark=12)
    assert 'id="S11"' in html and 'href="#S12"' in html and "S13" not in html
    assert re.findall(r'io-yaml-marked" id="(\w+)"', html) == ["S12"]


def test_several_blocks_share_a_page():
    assert 'id="other1"' in yaml_html("a: 1", anchor="other")
    assert " id=" not in yaml_html("a: 1", anchor="") and "href" not in yaml_html("a: 1", anchor="")


def test_an_empty_text_is_one_empty_line():
    assert yaml_html("").count("io-yaml-line") == 1


@pytest.mark.parametrize("coloured", [True, False])
def test_whatever_the_text_only_text_comes_out(monkeypatch, coloured):
    if not coloured:
        monkeypatch.setattr(highlighting, "COLOURED_CHARACTERS", -1)
    known = {"io-yaml", "io-yaml-line", "io-yaml-number", "io-yaml-text", *map(kind_class, KINDS)}
    for seed in range(400):
        chance = random.Random(seed)
        text = "".join(chance.choices(PIECES, k=chance.randrange(60)))
        seen = Reader(yaml_html(text))
        assert not seen.open
        assert {tag for tag, _ in seen.tags} <= {"div", "span", "a"}, seed
        for _, attributes in seen.tags:
            allowed = {"class", "id", "href", "role", "tabindex", "aria-label", "data-number"}
            assert attributes.keys() <= allowed, seed
            assert attributes["class"] in known, seed
            assert re.fullmatch(r"#S\d+", attributes.get("href", "#S1")), seed
        lines = re.split(r"\r\n|\r|\n", text)
        lines = lines[:-1] if len(lines) > 1 and not lines[-1] else lines
        assert seen.text == "".join(f"{pictured(line)}\n" for line in lines), seed


def kind_class(kind):
    return f"io-yaml-{kind}"


def pictured(text):
    marks = {"\x00": "␀", "\x1b": "␛", "\u202e": "[U+202E]", "\x85": "[U+0085]"}
    return "".join(marks.get(character, character) for character in text)


def test_a_long_text_is_plain_and_a_very_long_one_is_cut():
    line = "key: value\n"
    long = yaml_html(line * (COLOURED_CHARACTERS // len(line) + 1))
    assert "io-yaml-key" not in long and "key: value" in long
    very_long = yaml_html("x" * (SHOWN_CHARACTERS + 7))
    assert "7 more characters are not shown" in very_long
    assert len(very_long) < SHOWN_CHARACTERS + 1000


def test_a_text_with_a_long_line_is_plain():
    line = f"key: {'x' * (COLOURED_WIDTH - 5)}"
    assert "io-yaml-key" in yaml_html(f"a: b\n{line}\n")
    assert "io-yaml-key" not in yaml_html(f"a: b\n{line}x\n")


@pytest.mark.parametrize(
    "piece", ["{{", "{%", "{#", '"', "'", "- ", ": ", "[", "a:\n", "&*!", " ", "%"]
)
def test_no_text_looks_back(piece):
    """Quadratic patterns would take minutes, and hit the suite's time limits."""
    line = (piece * COLOURED_WIDTH)[: COLOURED_WIDTH - 1] + "\n"
    assert yaml_html(line * (COLOURED_CHARACTERS // len(line)))
    assert yaml_html(piece * (COLOURED_CHARACTERS // len(piece)))
