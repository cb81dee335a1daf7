"""What pages, the API and health say about the seals."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db.migrations.recorder import MigrationRecorder
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from audit.models import AuditLog, Seal
from audit.seals.sealing import seal_trail
from audit.seals.state import OVERDUE, examine_seals
from tests import make
from tests.audit.sealed import newest_line

pytestmark = pytest.mark.django_db

URL = "/api/audit-seals"
LIST = reverse("admin:audit_auditlog_changelist")


def shown(client) -> str:
    """The words of the page about the seals."""
    page = client.get(LIST).content.decode()
    part = page.partition('id="audit-seals"')[2].partition("</p>")[0].partition(">")[2]
    return " ".join(strip_tags(part).split())


# --- The page -------------------------------------------------------------------------------------


def test_the_page_says_how_far_the_trail_is_sealed(client_of, vera, small_seals):
    client = client_of(vera)
    assert shown(client).startswith("Nothing sealed yet.")
    seal_trail()
    sealed = newest_line()
    make.audit_line()
    said = f"Sealed up to line {sealed}, just now. 1 line not sealed yet. Never verified."
    assert shown(client) == said


def test_the_page_says_when_it_was_verified(client_of, vera, small_seals):
    make.audit_line()
    seal_trail()
    call_command("verify_audit")
    assert shown(client_of(vera)).endswith("Verified just now: intact")


def test_the_page_says_what_was_found(client_of, vera):
    AuditLog.objects.record(
        "audit.verified", status="tampered", finding="Line 7 was <b>changed</b>."
    )
    page = client_of(vera).get(LIST).content.decode()
    assert "Line 7 was &lt;b&gt;changed&lt;/b&gt;." in page
    assert 'class="io-note io-note-bad" id="audit-seals"' in page


def test_the_page_says_that_something_could_not_be_checked(client_of, vera, small_seals, settings):
    make.audit_line()
    with pytest.raises(CommandError):
        call_command("verify_audit")
    assert shown(client_of(vera)).endswith("Verified just now: not everything could be checked")


# --- The API --------------------------------------------------------------------------------------


def test_seals_are_listed_newest_first(api_of, vera, query_ceiling):
    made = [make.seal() for _ in range(4)]
    client, url, seen = api_of(vera), f"{URL}?page_size=3", []
    while url:
        with query_ceiling(3) as asked:
            page = client.get(url).json()
        assert not any("digests" in query["sql"] for query in asked.captured_queries)
        seen += page["results"]
        url = page["next"]
    assert [row["id"] for row in seen] == [seal.pk for seal in reversed(made)]
    assert seen[0]["previous"] == seen[1]["sha256"] == made[-2].sha256
    assert seen[0]["from_id"] == seen[1]["to_id"] + 1


def test_one_seal(api_of, boss):
    seal = make.seal()
    shown = api_of(boss).get(f"{URL}/{seal.pk}").json()
    assert (shown["sha256"], shown["lines"]) == (seal.sha256, seal.lines)
    assert "digests" not in shown
    assert api_of(boss).get(f"{URL}/{seal.pk + 1}").status_code == 404


@pytest.mark.parametrize("method", ["post", "patch", "delete"])
def test_nobody_writes_here(api_of, boss, method):
    seal = make.seal()
    for url in (URL, f"{URL}/{seal.pk}"):
        assert getattr(api_of(boss), method)(url, {}).status_code == 405


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_seals_are_for_auditors_and_admins(api_of, request, who):
    assert api_of(request.getfixturevalue(who)).get(URL).status_code == 403


# --- Health ---------------------------------------------------------------------------------------


def test_health_says_how_old_the_seals_are(small_seals):
    make.audit_line()
    seal_trail()
    make.audit_line()
    condition = examine_seals()
    assert condition.is_ok
    assert set(condition.facts) == {"last_seal_seconds", "oldest_unsealed_seconds"}
    assert condition.facts["last_seal_seconds"] < 60


def test_health_misses_seals_that_are_overdue():
    seal = make.seal()
    later = timezone.now() + OVERDUE + timedelta(minutes=1)
    make.audit_line()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("audit.seals.state.timezone.now", lambda: later)
        condition = examine_seals()
    assert condition.reason.startswith("The audit trail has not been sealed for 31 min")
    assert Seal.objects.get() == seal


def test_old_lines_that_have_just_come_are_not_overdue():
    """Made-up data, or an upgrade: their turn comes within five minutes."""
    make.audit_line()
    later = timezone.now() + timedelta(days=30)
    migrations = MigrationRecorder.Migration.objects.filter(app="audit", name="0002_seals")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("audit.seals.state.timezone.now", lambda: later)
        assert migrations.update(applied=later - timedelta(minutes=5)) == 1
        assert examine_seals().is_ok
        migrations.update(applied=later - timedelta(hours=1))
        assert examine_seals().reason.startswith("The audit trail has not been sealed for 60 min")


def test_a_quiet_console_is_healthy():
    seal = make.seal()
    later = timezone.now() + timedelta(days=7)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("audit.seals.state.timezone.now", lambda: later)
        assert examine_seals().is_ok
    assert seal.to_id == newest_line()
