"""What every page makes the browser fetch."""

import re
from hashlib import sha256
from pathlib import Path

import pytest
import unfold
from django.urls import reverse

from automation.models import TaskResult
from automation.templatetags.automation import task_icon

ROOT = Path(__file__).resolve().parents[2]
SHELL = Path(unfold.__file__).parent
# From unfold 0.91.0: the beginnings of the digests of all templates that ours replace or extend.
ORIGINALS = {
    "admin/base.html": "2ce9250b3c649e3a",
    "admin/base_site.html": "50eb1e71a0b2729c",
    "admin/change_list.html": "5885c39760f6085d",
    "admin/delete_confirmation.html": "d2f1e1adb500396f",
    "admin/delete_selected_confirmation.html": "a984df47ec4909b3",
    "admin/login.html": "13deb7765ce36659",
    "admin/search_form.html": "32c57965802858bd",
    "registration/logged_out.html": "cad8c8cf769b9e91",
    "unfold/helpers/app_list.html": "6ab83ac498b2f50f",
    "unfold/helpers/change_list_filter_actions.html": "fea88b860b61008c",
    "unfold/helpers/empty_results.html": "5f4727a37a99da76",
    "unfold/helpers/field.html": "0daae211393f1249",
    "unfold/helpers/messages/errornote.html": "c2213d68f03f316f",
    "unfold/helpers/search.html": "91996c27181d14ad",
    "unfold/helpers/unauthenticated_header.html": "904c823eb0d85052",
    "unfold/helpers/userlinks.html": "b493fa5ca3595d28",
    "unfold/helpers/welcomemsg.html": "e8eab02522ba2319",
    "unfold/layouts/skeleton.html": "66af9f0bb45f98ba",
}
OURS = ROOT / "templates"
OVERRIDDEN = [
    name
    for path in OURS.rglob("*.html")
    if (SHELL / "templates" / (name := str(path.relative_to(OURS)))).exists()
]


@pytest.mark.parametrize("name", sorted({*OVERRIDDEN, *ORIGINALS}))
def test_the_shells_own_template_is_still_the_one_that_ours_was_made_from(name):
    """If one changed, take over what is new, and update the digest above.

    A template of ours that newly overrides one of Unfold's gets a digest, and one that no longer
    does loses it.
    """
    assert name in OVERRIDDEN

    digest = sha256((SHELL / "templates" / name).read_bytes()).hexdigest()

    assert digest[:16] == ORIGINALS.get(name)


@pytest.mark.parametrize("name", ["home", "automation:job_launch"])
def test_nothing_is_fetched_that_no_page_needs(client_of, boss, name):
    page = client_of(boss).get(reverse(name)).content.decode()

    for unneeded in ("chart.js", "alpine.sort.js", "unfold/fonts/"):
        assert unneeded not in page
    assert page.count('rel="preload"') == 2


def test_only_the_theme_keeps_home_from_being_painted(client_of, boss):
    page = client_of(boss).get(reverse("home")).content.decode()

    scripts = re.findall(r'<script src="([^"]+)"( defer)?>', page)

    assert [src for src, defer in scripts if not defer] == ["/static/theme.js"]
    assert page.index("/static/theme.js") < page.index('rel="stylesheet"')


def test_every_icon_that_is_shown_is_in_the_font():
    """If one is missing, add it to static/fonts/icons.txt and run `make fonts`."""
    known = set((ROOT / "static/fonts/icons.txt").read_text().split())

    assert {icon: file for icon, file in shown_icons() if icon not in known} == {}


def shown_icons():
    """(icon, file) in templates and declarations, ours and Unfold's."""
    for folder in (ROOT / "templates", SHELL / "templates"):
        for file in folder.rglob("*.html"):
            for text in re.findall(r"material-symbols-outlined[^>]*>([^<]*)<", file.read_text()):
                yield from ((icon, file.name) for icon in named(text))
    yield from ((task_icon(status), "task_icon") for status in TaskResult.Status.values)
    style = (SHELL / "static/unfold/css/styles.css").read_text()
    quoted = re.findall(r'content:"([a-z_]{3,})"', style)
    yield from ((icon, "styles.css") for icon in quoted)
    for file in ROOT.glob("*/**/*.py"):
        if file.parts[len(ROOT.parts)] not in (".venv", "tests"):
            icons = re.findall(r"\b(?:icon|ICON)\s*=\s*[\"'](\w+)[\"']", file.read_text())
            yield from ((icon, file.name) for icon in icons)


def named(text: str) -> list[str]:
    """Words outside tags, including those that a tag chooses between."""
    return re.findall(r"\b[a-z][a-z0-9_]+\b", re.sub(r"\{%.*?%\}|\{\{.*?\}\}", " ", text))
