"""How a browser renders Unfold's fonts, and what the home page makes it fetch."""

from pathlib import Path

import pytest
from django.urls import reverse

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db(transaction=True)]

ICONS = Path(__file__).resolve().parents[2] / "static/fonts/icons.txt"
# An icon is as wide as the font is high; letters that do not form one are wider.
WIDTHS = """
    async (names) => {
        await document.fonts.load('24px "Material Symbols Outlined"');
        const box = document.createElement("div");
        for (const name of names) {
            const icon = Object.assign(document.createElement("span"), { textContent: name });
            icon.className = "material-symbols-outlined";
            icon.style.fontSize = "24px";
            box.append(icon, " ");
        }
        document.body.append(box);
        const wrong = [...box.children].filter((icon) => icon.offsetWidth !== 24);
        return wrong.map((icon) => icon.textContent);
    }
"""


def test_every_icon_in_the_list_is_drawn(page_of, alice):
    page = page_of(alice)
    page.goto(reverse("home"))

    assert page.evaluate(WIDTHS, ICONS.read_text().split()) == []


def test_home_asks_for_little(page_of, alice):
    page = page_of(alice)
    asked = []
    page.on("request", lambda request: asked.append(request.url))

    page.goto(reverse("home"), wait_until="load")

    # The page and its fragment, a dozen scripts, six styles, the fonts, the icon.
    assert len(asked) <= 26
    assert not [url for url in asked if "unfold/fonts" in url]
    fonts = page.evaluate("document.fonts.ready.then((all) => [...all].map(each => each.status))")
    # The icons, and the letters of four weights.
    assert "loaded" in fonts[0] and "loaded" in fonts[1:5] and "loaded" not in fonts[5:]


def test_letters_that_are_not_latin_come_from_the_whole_font(page_of, alice):
    page = page_of(alice)
    page.goto(reverse("home"))

    with page.expect_request(lambda request: "unfold/fonts/inter/" in request.url):
        page.evaluate("document.querySelector('h1').append('Ωμέγα')")
