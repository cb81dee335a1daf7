"""Tampering with the trail, by whoever has all rights on its database, is found and named."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from audit import triggers
from audit.models import AuditLog, Seal
from audit.seals.findings import Finding, Verification
from audit.seals.sealing import SealingStopped, seal_trail
from audit.seals.verifying import verify_trail
from tests import make
from tests.audit.sealed import (
    ACTORLESS,
    execute,
    forge,
    found,
    insert_line,
    newest_line,
    remake_chain,
    seals,
    verify,
)

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_untouched_trail_is_intact(trail):
    result = verify()
    assert (result.status, result.findings, result.unknown) == ("intact", [], [])
    assert (result.lines, result.seals, result.unsealed) == (len(trail), len(seals()), 0)


# --- Lines ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("action", "test.LINE_5"),
        ("action", "test.line_5 "),
        ("resource_type", "server"),
        ("resource_id", ""),
        ("details", '{"actor": "system", "actor_id": null, "note": "before", "seconds": 1.5}'),
        ("details", '{"actor": "system", "actor_id": null, "note": "Before", "seconds": 1.25}'),
        ("details", '{"actor": "system", "actor_id": null, "note": "Before"}'),
        ("ip_address", "192.0.2.1"),
        ("user_agent", "curl"),
        ("timestamp", "2026-01-01 00:00:00.000001"),
    ],
)
def test_a_changed_line_is_named(trail, column, value):
    forge(f"UPDATE audit_logs SET {column} = %s WHERE id = %s", value, trail[5])
    assert found() == [("changed", trail[5])]


def test_the_same_json_written_differently_is_the_same_line(trail):
    """MySQL reorders keys and rewrites numbers; a restored dump may do so too."""
    text = '{"seconds":1.50, "note":"Before",  "actor_id":null, "actor":"system"}'
    forge("UPDATE audit_logs SET details = %s WHERE id = %s", text, trail[5])
    assert found() == []


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("value", ["2026-99-99 00:00:00", "yesterday", 17])
def test_a_time_that_is_none_is_a_change_like_any_other(trail, value):
    setting = "UPDATE audit_logs SET timestamp = %s WHERE id = %s"
    forge(setting, value, trail[5])
    try:
        assert found() == [("changed", trail[5])]
    finally:  # nothing else can read it
        forge(setting, "2026-01-01 00:00:00", trail[5])


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("column", ["action", "user_agent", "ip_address"])
def test_a_text_that_is_none_is_a_change_like_any_other(trail, column):
    """SQLite stores it, and Python cannot read it."""
    before = AuditLog.objects.values_list(column, flat=True).get(pk=trail[5])
    setting = f"UPDATE audit_logs SET {column} = CAST(%s AS TEXT) WHERE id = %s"
    forge(setting, b"\xff\xfe", trail[5])
    try:
        assert found() == [("changed", trail[5])]
    finally:  # nothing else can read it
        forge(setting, before, trail[5])


def test_the_first_of_several_is_named(trail):
    forge("UPDATE audit_logs SET action = 'x' WHERE id IN (%s, %s)", trail[4], trail[5])
    assert found()[0] == ("changed", trail[4])


def test_a_removed_line_is_named(trail):
    forge("DELETE FROM audit_logs WHERE id = %s", trail[5])
    assert found() == [("removed", trail[5])]


def test_an_inserted_line_is_named(trail):
    gap = trail[-8] - 5  # test.line_4 left one
    assert gap not in trail
    insert_line(gap)
    assert found() == [("inserted", gap)]


def test_a_line_before_the_first_is_named(trail):
    insert_line(-5)
    assert found() == [("inserted", -5)]


def test_a_line_with_another_number_is_missed_at_its_own(trail):
    forge("UPDATE audit_logs SET id = %s WHERE id = %s", trail[-1] + 100, trail[5])
    assert found() == [("removed", trail[5])]


def test_a_truncated_tail_is_named(trail):
    forge("DELETE FROM audit_logs WHERE id >= %s", trail[-2])
    assert found() == [("truncated", trail[-2])]


def test_a_tail_removed_with_its_seals_is_named_by_the_heads(trail):
    last = seals()[-1]
    forge("DELETE FROM audit_logs WHERE id >= %s", last.from_id)
    forge("DELETE FROM audit_seals WHERE id = %s", last.pk)
    assert found() == [("truncated", last.from_id)]
    # Nothing in the database tells of it.
    assert verify_trail(None).findings == []


def test_an_emptied_trail_is_named_by_the_heads(trail):
    empty = "DELETE FROM" if connection.vendor == "sqlite" else "TRUNCATE"
    for table in triggers.TABLES:
        forge(f"{empty} {table}")
    assert found()[0] == ("truncated", 1)
    # Lines that take the old numbers do not hide it.
    make.audit_line("server.updated")
    seal_trail()
    assert verify().status == "tampered"


# --- Seals ----------------------------------------------------------------------------------------


def test_a_removed_seal_is_named(trail):
    first, second, *_ = seals()
    forge("DELETE FROM audit_seals WHERE id = %s", second.pk)
    assert found()[0] == ("seal", second.from_id)
    forge("DELETE FROM audit_seals WHERE id = %s", first.pk)
    assert found()[0][0] == "seal"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("from_id", -7),
        ("to_id", 10**6),
        ("lines", 2),
        ("digests", b"\0" * 72),
        ("digests", b"short"),
        ("sealed_at", "2026-01-01 00:00:00"),
    ],
)
def test_a_changed_seal_is_named(trail, column, value):
    second = seals()[1]
    forge(f"UPDATE audit_seals SET `{column}` = %s WHERE id = %s", value, second.pk)
    kinds = {finding.kind for finding in verify().findings}
    assert "seal" in kinds


def test_a_new_chain_over_forged_lines_lacks_the_signature(trail, settings):
    """Somebody with the database alone, and heads that were lost."""
    forge("UPDATE audit_logs SET action = 'innocent' WHERE id = %s", trail[5])
    remake_chain(signature="0" * 64)
    settings.AUDIT_HEADS_FILE = ""
    result = verify_trail(None)
    assert [finding.kind for finding in result.findings] == ["signature"]
    assert result.status == "tampered"


def test_a_new_chain_with_the_right_key_differs_from_the_heads(trail):
    """Somebody with the console's keys, but not with the heads on another machine."""
    forge("UPDATE audit_logs SET action = 'innocent' WHERE id = %s", trail[5])
    remake_chain()
    assert verify_trail(None).status == "intact"
    assert verify().status == "tampered"
    assert found()[0][0] == "head"


def test_nothing_is_sealed_on_top_of_a_forged_seal(trail):
    forge("UPDATE audit_seals SET signature = %s", "0" * 64)
    make.audit_line()
    count = len(seals())
    with pytest.raises(SealingStopped, match="not signed"):
        seal_trail()
    with pytest.raises(CommandError, match="--resume"):
        call_command("seal_audit")
    assert len(seals()) == count
    call_command("seal_audit", resume=True)
    assert len(seals()) > count
    assert AuditLog.objects.filter(action="audit.sealing_resumed").count() == 1
    # From here on it is signed again, but the heads still tell.
    assert verify_trail(None).status == "intact"


def test_a_changed_key_needs_only_the_newest_seal_signed_with_it(trail, settings):
    old = settings.ENCRYPTION_KEYS
    new = "bmV3LWtleS1mb3ItdGVzdHMtbmV3LWtleS1mb3ItdGU="
    settings.ENCRYPTION_KEYS = [new, *old]
    make.audit_line()
    seal_trail()
    settings.ENCRYPTION_KEYS = [new]
    assert verify().status == "intact"


# --- Triggers -------------------------------------------------------------------------------------


def test_each_lost_trigger_is_named(trail):
    triggers.drop("default")
    texts = [finding.text for finding in verify().findings]
    assert len(texts) == (6 if connection.vendor == "sqlite" else 4)
    assert "The trigger audit_logs_no_delete is missing." in texts


def test_an_altered_trigger_is_named(trail):
    """It has the right name and the right words, but stands guard over something else."""
    statement = triggers._statements(connection.vendor)["audit_logs_no_delete"]
    execute("DROP TRIGGER audit_logs_no_delete")
    execute(statement.replace("BEFORE DELETE", "BEFORE UPDATE"))
    assert [finding.text for finding in verify().findings] == [
        "The trigger audit_logs_no_delete was altered."
    ]


def test_a_trigger_of_somebody_else_is_named(trail):
    body = "FOR EACH ROW SET @seen = 1" if connection.vendor == "mysql" else "BEGIN SELECT 1; END"
    execute(f"CREATE TRIGGER listening AFTER INSERT ON audit_logs {body}")
    try:
        assert [finding.text for finding in verify().findings] == [
            "The trigger listening is not one of InfraOps."
        ]
    finally:
        execute("DROP TRIGGER listening")


# --- Users ----------------------------------------------------------------------------------------


def test_a_line_given_to_somebody_else_is_named(trail, alice, bob):
    line = make.audit_line(actor=alice)
    seal_trail()
    assert found() == []
    forge("UPDATE audit_logs SET user_id = %s WHERE id = %s", bob.pk, line.pk)
    assert found() == [("actor", line.pk)]
    forge("UPDATE audit_logs SET user_id = %s WHERE id = %s", bob.pk, trail[5])
    assert found() == [("actor", trail[5])]


def test_a_line_that_lost_its_user_is_named_unless_a_line_says_why(trail, boss, alice):
    line = make.audit_line(actor=alice)
    execute("UPDATE audit_logs SET user_id = NULL WHERE id = %s", line.pk)  # triggers allow it
    assert found() == [("actor", line.pk)]
    alice.delete()
    assert found() == []


def test_a_user_deleted_behind_the_trails_back_is_named(trail, alice):
    line = make.audit_line(actor=alice)
    execute("DELETE FROM users WHERE id = %s", alice.pk)
    assert found() == [("actor", line.pk)]


def test_lines_from_before_are_counted(trail):
    AuditLog(action="test.old", details={"actor": "alice"}).save(force_insert=True)
    result = verify()
    assert result.status == "intact"
    assert any(
        "1 line is from before InfraOps kept the actor's id" in text for text in result.notes
    )


# --- What cannot be told --------------------------------------------------------------------------


def test_lines_after_the_last_seal_are_counted(trail):
    make.audit_line()
    make.audit_line()
    result = verify()
    assert (result.status, result.unsealed) == ("intact", 2)
    assert any("2 lines are not sealed yet" in text for text in result.notes)


def test_without_its_heads_it_cannot_tell(trail, settings, tmp_path):
    assert verify_trail(tmp_path / "nowhere").status == "unknown"
    (tmp_path / "odd").write_text("not a head\n")
    assert verify_trail(tmp_path / "odd").status == "unknown"
    assert verify_trail(None).status == "intact"


def test_without_a_seal_it_cannot_tell(transactional_db, tmp_path):
    make.audit_line()
    (tmp_path / "heads").touch()
    result = verify_trail(tmp_path / "heads")
    assert (result.status, Seal.objects.count()) == ("unknown", 0)


def test_heads_are_read_from_a_system_log_too(trail, settings, tmp_path):
    log = tmp_path / "syslog"
    lines = Path(settings.AUDIT_HEADS_FILE).read_text().splitlines()
    log.write_text("".join(f"Nov 28 13:00:01 ops1 infraops-audit: {line}\n" for line in lines))
    assert verify_trail(log).status == "intact"
    forge("DELETE FROM audit_seals WHERE id = %s", seals()[-1].pk)
    assert verify_trail(log).status == "tampered"


# --- The command ----------------------------------------------------------------------------------


def test_the_command_says_intact_and_records_it(trail, capsys):
    call_command("verify_audit")
    assert "Intact." in capsys.readouterr().out
    line = AuditLog.objects.get(action="audit.verified")
    assert (line.details["status"], line.details["lines"]) == ("intact", len(trail))


def test_the_command_names_the_line_and_exits_with_1(trail):
    forge("UPDATE audit_logs SET action = 'x' WHERE id = %s", trail[5])
    with pytest.raises(CommandError, match=rf"TAMPERED WITH\nLine {trail[5]} was changed") as error:
        call_command("verify_audit")
    assert error.value.returncode == 1
    line = AuditLog.objects.get(action="audit.verified")
    assert line.details["finding"] == f"Line {trail[5]} was changed."


def test_the_command_exits_with_2_if_it_cannot_tell(trail, tmp_path):
    before = newest_line()
    with pytest.raises(CommandError, match="CANNOT TELL") as error:
        call_command("verify_audit", heads=tmp_path / "nowhere", no_record=True)
    assert error.value.returncode == 2
    assert newest_line() == before


def test_only_so_many_findings_are_listed():
    result = Verification()
    for line in range(30):
        result.add(Finding("changed", f"Line {line} was changed.", line))
    assert (len(result.findings), result.more) == (20, 10)


def test_an_actor_that_is_no_id_is_named(trail):
    AuditLog(action="test.old", details={**ACTORLESS, "actor_id": "1"}).save(force_insert=True)
    assert found() == [("actor", newest_line())]
