"""Seals and heads that InfraOps has not made: found by verify_audit and health, and no error."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from audit.models import AuditLog, Seal
from audit.seals import heads
from audit.seals.sealing import SealingStopped, seal_trail
from audit.seals.state import examine_seals
from audit.seals.verifying import verify_trail
from automation.tasks import seal_audit
from tests import make
from tests.audit.sealed import ACTORLESS, execute, forge, found, newest_line, seals, verify

pytestmark = pytest.mark.django_db(transaction=True)


def false_seal(**columns: Any) -> Seal:
    """Linked to the newest, over all lines to come; an INSERT needs no trigger dropped."""
    last = seals()[-1]
    seal = Seal(
        **{
            "from_id": last.to_id + 1,
            "to_id": 10**15,
            "lines": 0,
            "digests": b"",
            "previous": last.sha256,
            "signature": last.signature,
            "sealed_at": timezone.now(),
        }
        | columns
    )
    seal.sha256 = seal.computed_sha256()
    seal.save(force_insert=True)
    return seal


def test_a_false_seal_over_all_lines_to_come_does_not_end_the_sealing_unseen(
    trail, client_of, boss
):
    seal = false_seal()
    make.audit_line()
    condition = examine_seals()
    assert condition.reason.startswith(f"The audit trail is not sealed: {seal} is not signed")
    assert ("signature", seal.from_id) in found()
    with pytest.raises(CommandError, match="covers lines that do not exist"):
        call_command("seal_audit", resume=True)
    # As docs/operations.md says.
    forge("DELETE FROM audit_seals WHERE id = %s", seal.pk)
    assert seal_trail().lines > 0
    assert examine_seals().is_ok and verify_trail(None).status == "intact"


def test_a_trail_whose_newest_lines_are_gone_is_not_healthy(trail):
    forge("DELETE FROM audit_logs WHERE id >= %s", trail[-2])
    assert "covers lines that do not exist" in examine_seals().reason


def test_digests_that_are_none_are_a_changed_seal(trail):
    false_seal(digests=b"too short")
    assert "seal" in {finding.kind for finding in verify().findings}
    assert not examine_seals().is_ok


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("sealed_at", "yesterday"),
        ("sealed_at", "2026-99-99 00:00:00"),
        ("sealed_at", 17),
        ("digests", "a text"),
        ("from_id", "a text"),
        ("to_id", "a text"),
        ("lines", "a text"),
        ("from_id", -(2**63)),
        ("to_id", 2**63 - 1),
        ("signature", b"\x00\x01"),
        ("sha256", b"\x00\x01"),
    ],
)
@pytest.mark.parametrize("number", [1, -1])
def test_a_seal_that_cannot_be_read_is_named(trail, client_of, boss, column, value, number):
    seal = seals()[number]
    forge(f"UPDATE audit_seals SET {column} = %s WHERE id = %s", value, seal.pk)
    try:
        # Of the signatures only the newest counts.
        assert verify().status == "tampered" or (number, column) == (1, "signature")
        if number == -1:
            make.audit_line()
            assert not examine_seals().is_ok
            assert seal_audit() == "sealing has stopped"
            assert client_of(boss).get("/admin/audit/auditlog/").status_code == 200
    finally:
        forge("DELETE FROM audit_seals WHERE id >= %s", seal.pk)


def test_the_schedule_says_in_one_line_that_sealing_has_stopped(trail, caplog):
    false_seal()
    assert seal_audit() == "sealing has stopped"
    assert [record.exc_info for record in caplog.records] == [None]
    assert "The audit trail is not sealed: Seal" in caplog.text


@pytest.mark.parametrize("text", ["{}\x00", "{} ", "０{}"])
def test_a_deletion_of_somebody_alike_is_none(trail, alice, text):
    """Databases take such texts for the same, or do not; reading them must not fail."""
    line = make.audit_line(actor=alice)
    AuditLog(
        action="user.deleted",
        resource_type="user",
        resource_id=text.format(alice.pk),
        details=ACTORLESS,
    ).save(force_insert=True)
    execute("UPDATE audit_logs SET user_id = NULL WHERE id = %s", line.pk)
    assert ("actor", line.pk) in found()


# --- Clocks ---------------------------------------------------------------------------------------


def test_a_clock_that_was_ahead_for_more_lines_than_a_seal_has(trail):
    ahead = timezone.now() + timedelta(days=400)
    for _ in range(10):
        AuditLog(action="test.ahead", details=ACTORLESS, timestamp=ahead).save(force_insert=True)
    assert seal_trail().lines == 0
    make.audit_line()
    assert seal_trail().up_to == newest_line()
    assert verify().status == "intact"


def test_a_seal_from_the_future_does_not_silence_health(trail, monkeypatch):
    now = timezone.now()
    monkeypatch.setattr("audit.seals.sealing.timezone.now", lambda: now + timedelta(days=400))
    make.audit_line()
    seal_trail()
    monkeypatch.undo()
    AuditLog(action="test.old", details=ACTORLESS, timestamp=now - timedelta(hours=1)).save(
        force_insert=True
    )
    assert "has not been sealed for 60 min" in examine_seals().reason


# --- Heads ----------------------------------------------------------------------------------------


def test_a_system_log_that_is_away_keeps_no_head_out_of_the_file(trail, settings, caplog):
    for address in ("no-such-host.invalid:514", "loghost", "127.0.0.1:99999"):
        settings.AUDIT_SYSLOG = address
        for _ in range(7):
            make.audit_line()
        assert seal_trail().seals > 1
        assert "could not be sent to the system log" in caplog.text
        caplog.clear()
    written = heads.read_heads(Path(settings.AUDIT_HEADS_FILE))
    assert [head.seal for head in written] == [seal.pk for seal in seals()]
    with pytest.raises(CommandError, match="heads are missing outside the database"):
        make.audit_line()
        call_command("seal_audit")


@pytest.mark.parametrize(
    "content",
    [b"x" * 10_000, b"\x00\xff" * 100, b'{"a": 1}', b"PASSWORD=secret\n", b"a\nb\nc", b"[]\n"],
)
def test_another_file_in_place_of_the_heads_is_not_touched(trail, settings, tmp_path, content):
    path = tmp_path / "mine"
    path.write_bytes(content)
    settings.AUDIT_HEADS_FILE = str(path)
    make.audit_line()
    assert "could not be written" in seal_trail().heads_error
    assert path.read_bytes() == content


def test_a_restored_backup_is_told_and_goes_on_with_a_new_file(trail, settings):
    """The database is older than the heads."""
    path, last = Path(settings.AUDIT_HEADS_FILE), seals()[-1]
    forge("DELETE FROM audit_seals WHERE id = %s", last.pk)
    forge("DELETE FROM audit_logs WHERE id >= %s", last.from_id)
    assert verify().status == "tampered"
    make.audit_line()
    assert "put that file aside" in seal_trail().heads_error
    path.rename(path.with_name("aside"))
    make.audit_line()
    assert seal_trail().heads_error == ""
    assert [head.seal for head in heads.read_heads(path)] == [seal.pk for seal in seals()]
    assert verify().status == "intact"


def test_heads_as_journalctl_prints_them(trail, settings, tmp_path):
    lines = Path(settings.AUDIT_HEADS_FILE).read_text().splitlines()
    said = [f"Nov 28 13:00:01 ops1 infraops-audit[7]: {line}\n" for line in lines]
    path = tmp_path / "journal"
    path.write_text("".join(["-- Boot 7f0c2d --\n", said[0], "-- Boot 9a1b3c --\n", *said[1:]]))
    assert verify_trail(path).status == "intact"


@pytest.mark.parametrize(
    "change",
    [
        {"seal": "1"},
        {"seal": 10**30},
        {"from_id": None},
        {"lines": 1.5},
        {"sha256": 7},
        {"more": 1},
    ],
)
def test_a_head_that_is_none_cannot_be_told(trail, settings, change):
    path = Path(settings.AUDIT_HEADS_FILE)
    first, *rest = path.read_text().splitlines()
    path.write_text("\n".join([json.dumps(json.loads(first) | change), *rest, ""]))
    assert verify().status == "unknown"


def test_a_broken_newest_seal_stops_the_sealing(trail):
    forge("UPDATE audit_seals SET `lines` = 0 WHERE id = %s", seals()[-1].pk)
    with pytest.raises(SealingStopped, match="was changed"):
        seal_trail()
    assert "was changed" in examine_seals().reason
