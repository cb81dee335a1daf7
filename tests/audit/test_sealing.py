"""Seals link ranges of lines, each to the last; their heads leave the database."""

import hashlib
import json
import os
import socket
import stat
import tempfile
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from django_q.models import Schedule

from audit.models import AuditLog, Seal
from audit.seals import heads, sealing
from audit.seals.lines import canonical, parse_details, read_lines
from audit.seals.sealing import seal_trail
from automation.tasks import seal_audit
from tests import make
from tests.at_once import at_once
from tests.audit.sealed import ACTORLESS, newest_line, seals, verify

pytestmark = pytest.mark.django_db


def lines(count: int) -> None:
    for _ in range(count):
        make.audit_line()


def write(at=None, **fields) -> AuditLog:
    fields = {
        "action": "test.line",
        "details": ACTORLESS,
        "timestamp": at or timezone.now(),
    } | fields
    line = AuditLog(**fields)
    line.save(force_insert=True)
    return line


# --- The bytes of a line --------------------------------------------------------------------------


def test_the_bytes_of_a_line_are_the_documented_ones_on_every_database():
    line = write(
        action="server.updated",
        resource_type="server",
        resource_id="7",
        details={"z": 1.0, "a": [1, 2.5, None, True], "é": "ü😀\n", "big": 2**60, "n": {"b": 1}},
        user_agent="Ä",
        ip_address="192.0.2.1",
        at=datetime(2026, 11, 28, 8, 24, 37, tzinfo=UTC),
    )
    (read,) = read_lines(line.pk - 1, line.pk)
    text = (
        f'[{line.pk},"server.updated","server","7",'
        '{"a":[1,2.5,null,true],"big":1152921504606846976,"n":{"b":1},"z":1,'
        '"\\u00e9":"\\u00fc\\ud83d\\ude00\\n"},'
        '"192.0.2.1","\\u00c4","2026-11-28 08:24:37.000000"]'
    )
    assert read.sha256.hex() == hashlib.sha256(text.encode()).hexdigest()


def test_milliseconds_and_microseconds_are_kept():
    for micro in (0, 123_000, 123_456):
        line = write(at=timezone.now().replace(microsecond=micro))
        (read,) = read_lines(line.pk - 1, line.pk)
        moment = f"{line.timestamp:%Y-%m-%d %H:%M:%S}.{micro:06}"
        values = [line.pk, "test.line", "", None, parse_details(json.dumps(ACTORLESS))]
        expected = canonical([*values, None, "", moment])
        assert read.sha256 == hashlib.sha256(expected).digest()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"a": 1, "b": 2}', '{"b":2,"a":1}'),
        ("[1.0, -0.0]", "[1, 0]"),
        ("[1e15]", "[1000000000000000.0]"),
        ("[0.1]", "[1e-1]"),
        ("[100000000000000000000]", "[1e20]"),
        ('["\\u00e9"]', '["é"]'),
    ],
)
def test_what_databases_write_differently_is_the_same(one, other):
    assert canonical([parse_details(one)]) == canonical([parse_details(other)])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("[1]", "[true]"),
        ("[1]", '["1"]'),
        ("[null]", "[0]"),
        ("[18014398509481984]", "[18014398509481985]"),
        ("[0.1]", "[0.10000000000000002]"),
        ('["a"]', '["A"]'),
        ("[" * 150 + "]" * 150, "[" * 151 + "]" * 151),
        ("[" * 9_000 + "]" * 9_000, "[" * 9_001 + "]" * 9_001),
        ("[" + "9" * 5_000 + "]", "[" + "9" * 5_001 + "]"),
        ("no JSON", "no json"),
    ],
)
def test_what_is_different_stays_different(one, other):
    assert canonical([parse_details(one)]) != canonical([parse_details(other)])


# --- Ranges ---------------------------------------------------------------------------------------


def test_lines_are_sealed_in_ranges_each_linked_to_the_last(small_seals):
    lines(7)
    done = seal_trail()
    made = seals()
    assert (done.lines, done.seals, done.up_to) == (
        AuditLog.objects.count(),
        len(made),
        newest_line(),
    )
    assert made[0].previous == "" and made[0].from_id == 1
    for before, after in pairwise(made):
        assert (after.previous, after.from_id) == (before.sha256, before.to_id + 1)
    assert max(seal.lines for seal in made) == 3
    assert sum(seal.lines for seal in made) == done.lines


def test_sealing_again_does_nothing_until_there_is_more(small_seals):
    lines(2)
    seal_trail()
    count = Seal.objects.count()
    assert seal_trail().seals == 0
    lines(1)
    assert (seal_trail().lines, Seal.objects.count()) == (1, count + 1)


def test_young_lines_wait_a_minute():
    now = timezone.now()
    write(at=now - timedelta(seconds=61))
    old = write(at=now - timedelta(seconds=61))
    write(at=now - timedelta(seconds=30))
    assert seal_trail().up_to == old.pk


def test_a_line_from_the_future_does_not_stop_the_sealing():
    write(at=timezone.now() + timedelta(days=3_000))
    old = write(at=timezone.now() - timedelta(seconds=61))
    assert seal_trail().up_to == old.pk


def test_it_can_be_done_in_parts(small_seals):
    lines(7)
    assert seal_trail(most=1).lines == 3
    seal_trail()
    assert verify().status == "intact"


def test_seals_cannot_be_changed_either(small_seals):
    lines(1)
    seal_trail()
    replacing = (
        "REPLACE INTO audit_seals (id, from_id, to_id, `lines`, digests, previous, sha256, "
        "signature, sealed_at) SELECT id, from_id, to_id, `lines`, digests, previous, 'x', "
        "signature, sealed_at FROM audit_seals"
    )
    for statement in (
        "UPDATE audit_seals SET sha256 = 'x'",
        "UPDATE audit_seals SET sha256 = sha256",
        "DELETE FROM audit_seals",
        replacing,
    ):
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


@pytest.mark.django_db(transaction=True)
def test_sealers_at_the_same_moment_do_no_harm(small_seals):
    lines(20)
    done = at_once([seal_trail, seal_trail, seal_trail])
    assert sum(each.lines for each in done) == AuditLog.objects.count()
    assert verify().status == "intact"


def test_the_second_of_two_sealers_goes_on_where_the_first_ended(small_seals, monkeypatch):
    lines(7)
    made, raced = sealing.make_seal, []

    def first_somebody_else(last, to_id):
        seal = made(last, to_id)
        if not raced:
            raced.append(True)
            made(last, to_id).save(force_insert=True)
        return seal

    monkeypatch.setattr(sealing, "make_seal", first_somebody_else)
    seal_trail()
    assert verify().status == "intact"


@pytest.mark.only_on("mysql")
@pytest.mark.django_db(transaction=True)
def test_a_line_that_is_still_being_written_is_waited_for(small_seals):
    """Ids are given at the INSERT, and may commit long after greater ones."""
    other = connection.copy("other")
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute(
                "INSERT INTO audit_logs (action, resource_type, details, user_agent, timestamp) "
                "VALUES ('test.slow', '', '{}', '', '2026-01-01')"
            )
        lines(2)
        done = seal_trail()
        assert (done.is_waiting, done.seals) == (True, 0)
        other.commit()
        assert not seal_trail().is_waiting
        assert AuditLog.objects.filter(action="test.slow").exists()
        assert verify().status == "intact"
    finally:
        other.close()


@pytest.mark.only_on("mysql")
@pytest.mark.django_db(transaction=True)
def test_a_number_that_was_never_used_is_a_gap(small_seals):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        lines(1)
        raise ZeroDivisionError
    lines(3)
    seal_trail()
    assert verify().status == "intact"


# --- The schedule and the command -----------------------------------------------------------------


def test_workers_seal_every_five_minutes(small_seals):
    lines(4)
    schedule = Schedule.objects.get(func="automation.tasks.seal_audit")
    assert (schedule.schedule_type, schedule.minutes) == (Schedule.MINUTES, 5)
    assert seal_audit() == f"sealed: {AuditLog.objects.count()} lines"


def test_the_command_says_what_it_did(small_seals, capsys):
    lines(1)
    call_command("seal_audit")
    assert f"up to line {newest_line()}." in capsys.readouterr().out
    call_command("seal_audit")
    assert "Nothing to seal" in capsys.readouterr().out


# --- Heads ----------------------------------------------------------------------------------------


def test_heads_go_to_a_file_of_ones_own(small_seals, settings):
    lines(7)
    seal_trail()
    path = Path(settings.AUDIT_HEADS_FILE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    written = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(each["seal"], each["sha256"]) for each in written] == [
        (seal.pk, seal.sha256) for seal in seals()
    ]


def test_heads_that_could_not_be_written_are_made_up_for(small_seals, settings, tmp_path, caplog):
    settings.AUDIT_HEADS_FILE = str(tmp_path / "missing" / "heads")
    lines(3)
    seal_trail()
    assert "could not be written" in caplog.text
    (tmp_path / "missing").mkdir()
    lines(3)
    seal_trail()
    assert [head.seal for head in heads.read_heads(tmp_path / "missing" / "heads")] == [
        seal.pk for seal in seals()
    ]


def test_a_head_that_was_cut_off_is_written_again(small_seals, settings):
    lines(3)
    seal_trail()
    path = Path(settings.AUDIT_HEADS_FILE)
    whole = path.read_text()
    path.write_text(whole[:-40])
    lines(3)
    seal_trail()
    assert [head.seal for head in heads.read_heads(path)] == [seal.pk for seal in seals()]
    assert verify().status == "intact"


def test_a_link_in_place_of_the_file_is_not_followed(small_seals, settings, tmp_path, caplog):
    target = tmp_path / "target"
    Path(settings.AUDIT_HEADS_FILE).symlink_to(target)
    lines(1)
    seal_trail()
    assert not target.exists()
    assert "could not be written" in caplog.text


@pytest.mark.parametrize("kind", ["socket", "host and port"])
def test_heads_go_to_the_system_log(small_seals, settings, kind):
    # A path of a socket has to be short.
    with tempfile.TemporaryDirectory() as folder:
        family = socket.AF_UNIX if kind == "socket" else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as log:
            log.settimeout(10)
            address = os.path.join(folder, "log")  # noqa: PTH118
            log.bind(address if kind == "socket" else ("127.0.0.1", 0))
            settings.AUDIT_SYSLOG = (
                address if kind == "socket" else f"127.0.0.1:{log.getsockname()[1]}"
            )
            lines(1)
            seal_trail()
            said = log.recv(4096).decode()
    assert "infraops-audit: {" in said
    assert heads.Head.parsed(said).sha256 == seals()[0].sha256


def test_without_a_system_log_there_is_only_the_file(small_seals, settings, caplog):
    settings.AUDIT_SYSLOG = "/nowhere/log"
    lines(1)
    seal_trail()
    assert Path(settings.AUDIT_HEADS_FILE).exists()
    assert caplog.text == ""
