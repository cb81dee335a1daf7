"""Scripts, styles and fonts: hashed, compressed and cached once they are collected."""

import os
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.core.files.storage import storages
from django.core.management import call_command
from django.templatetags.static import static
from django.test import Client

from infraops import static_files

# The end of a request looks after the connection.
pytestmark = pytest.mark.django_db

STYLE = "body { color: red; }" * 100


@pytest.fixture
def source(settings: Any, tmp_path: Path) -> Path:
    """A style sheet that another one names, in a folder of its own."""
    folder = tmp_path / "static"
    folder.mkdir()
    (folder / "page.css").write_text(STYLE)
    (folder / "whole.css").write_text('@import url("page.css");')
    settings.STATICFILES_DIRS = [folder]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATIC_ROOT = str(tmp_path / "collected")
    (tmp_path / "collected").mkdir()
    settings.WHITENOISE_AUTOREFRESH = False
    forget()
    yield folder / "page.css"
    forget()


def forget() -> None:
    """As in a new process, which knows neither the finders' folders nor what was collected."""
    finders.get_finder.cache_clear()
    static_files._is_same.cache_clear()
    storages.__dict__.pop("backends", None)
    storages._storages.pop("staticfiles", None)


def fetched(url: str, **headers: str) -> tuple[Any, bytes]:
    answer = Client().get(url, headers=headers)
    body = b"".join(answer.streaming_content)
    answer.close()
    return answer, body


def collect() -> None:
    call_command("collectstatic", interactive=False, verbosity=0)
    forget()


def test_what_was_not_collected_goes_by_its_own_name(source):
    assert static("page.css") == "/static/page.css"
    assert fetched("/static/page.css")[1].decode() == STYLE


def test_what_was_collected_is_compressed_and_never_asked_for_again(source):
    collect()
    url = static("page.css")

    answer, _ = fetched(url, **{"accept-encoding": "gzip"})

    assert url != "/static/page.css"
    assert answer["Content-Encoding"] == "gzip"
    assert int(answer["Content-Length"]) < len(STYLE) / 10
    assert answer["Cache-Control"] == "max-age=315360000, public, immutable"


def test_a_style_names_the_hashed_name_of_another(source):
    collect()

    _, whole = fetched(static("whole.css"))

    assert Path(static("page.css")).name in whole.decode()


def test_what_has_changed_since_is_served_as_it_is_now(source):
    collect()
    old = static("page.css")
    source.write_text("body { color: blue; }")
    forget()

    answer, body = fetched(static("page.css"))

    assert static("page.css") == "/static/page.css"
    assert body == b"body { color: blue; }"
    assert "immutable" not in answer["Cache-Control"]
    # Pages that are still open request the old one.
    assert fetched(old)[1].decode() == STYLE


def test_a_newer_file_of_the_same_size_counts_as_changed(source):
    collect()
    later = source.stat().st_mtime + 60
    os.utime(source, (later, later))
    forget()

    assert static("page.css") == "/static/page.css"


def test_a_file_that_is_not_there_breaks_no_page(source):
    collect()

    assert static("nowhere.css") == "/static/nowhere.css"
