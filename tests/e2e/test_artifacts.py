"""What plays have left, on a run's page in a real browser."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from automation.models import Run
from tests import make

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db(transaction=True)]

HOSTILE = "out/<img src=x onerror=document.title='hit'>.html"
LONG = f"out/{'very-' * 60}long.tar.gz"


def test_they_are_listed_as_text_and_downloaded_as_files(page_of, alice):
    run = make.job(status="success").run
    for path in ("out/report.csv", HOSTILE, LONG):
        make.artifact("<script>document.title='hit'</script>", run=run, path=path)
    Run.objects.filter(pk=run.pk).update(artifacts_note="Not kept: big.iso (larger than 50 MB).")
    page = page_of(alice)
    page.goto(run.get_absolute_url())
    card = page.get_by_role("region", name="Artifacts")
    expect(card).to_contain_text("Their content is not masked")
    expect(card).to_contain_text("Not kept: big.iso (larger than 50 MB).")
    expect(card.get_by_role("link")).to_have_count(3)
    with page.expect_download() as started:
        card.get_by_role("link", name=HOSTILE).click()
    # the last part of the path, with what no file system takes replaced
    assert "/" not in started.value.suggested_filename
    assert started.value.suggested_filename.endswith(".html")
    assert "hit" in Path(started.value.path()).read_text()
    expect(page).not_to_have_title("hit")
    page.set_viewport_size({"width": 390, "height": 844})
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
