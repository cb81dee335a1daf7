"""What our templates and scripts must not contain."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
STATIC = sorted(path for path in (ROOT / "static").rglob("*") if path.suffix in (".js", ".css"))
FORBIDDEN = {
    "a script in the page": re.compile(r"<script(?![^>]*\bsrc=)", re.IGNORECASE),
    "a handler in an attribute": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "another host": re.compile(r"(?:https?:)?//[a-z0-9-]+\.[a-z]", re.IGNORECASE),
    "unescaped text": re.compile(r"\|\s*safe\b|autoescape\s+off"),
}


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_there_is_something_to_read():
    assert len(TEMPLATES) > 30 and len(STATIC) > 2


@pytest.mark.parametrize("path", [*TEMPLATES, *STATIC], ids=named)
def test_nothing_that_may_not_be(path):
    text = path.read_text()
    found = {what: each.findall(text) for what, each in FORBIDDEN.items() if each.search(text)}
    assert found == {}


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_a_template_has_at_most_100_lines(path):
    assert len(path.read_text().splitlines()) <= 100


def test_every_class_of_ours_has_a_style():
    """Unfold's style sheet has only the classes that Unfold uses; others would have no effect."""
    css = "".join(path.read_text() for path in STATIC if path.suffix == ".css")
    known = set(re.findall(r"\.(io-[a-z_-]+)", css))
    used = set()
    for path in TEMPLATES:
        # Names completed by a variable ("io-{{ status }}") are left out.
        text = re.sub(r"{%.*?%}", " ", path.read_text())
        for names in re.findall(r'class="([^"]*)"', text):
            used |= {name for name in names.split() if re.fullmatch(r"io-[a-z-]+[a-z]", name)}
    assert len(used) > 40
    assert used - known == set()
