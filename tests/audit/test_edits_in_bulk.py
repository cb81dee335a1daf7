"""Lines of rows that were written in bulk: the same as django-auditlog's."""

import pytest

from audit.models import AuditLog
from audit.signals import recorded
from inventory.models import Inventory, Server, ServerGroup
from tests import make

pytestmark = pytest.mark.django_db


def line() -> tuple[str, str | None, dict]:
    newest = AuditLog.objects.latest("id")
    return newest.action, newest.resource_id, newest.details


def test_a_new_row_is_recorded_as_if_it_had_been_saved():
    variables = {"port": 80, "db_password": "hunter2"}
    server = Server(hostname="web1", inventory_name="web1", variables=variables)
    server.full_clean()
    server.save()
    saved = line()
    AuditLog.objects.record_edits([(None, Server.objects.get(pk=server.pk))])
    assert line() == saved
    group = ServerGroup(name="web", inventory=Inventory.objects.default())
    group.save()
    saved = line()
    AuditLog.objects.record_edits([(None, ServerGroup.objects.get(pk=group.pk))])
    assert line() == saved


def test_a_changed_row_too():
    server = make.server(variables={"port": 80, "db_password": "hunter2"}, tags={"a": True})
    before = Server.objects.get(pk=server.pk)
    server.variables, server.description = {"port": 81, "db_password": "hunter3"}, "x"
    server.full_clean()
    server.save()
    saved = line()
    AuditLog.objects.record_edits([(before, Server.objects.get(pk=server.pk))])
    assert line() == saved
    assert "hunter" not in str(saved)


def test_what_did_not_change_is_no_line(django_assert_num_queries):
    server = make.server()
    rows = [(Server.objects.get(pk=server.pk), server)]
    with django_assert_num_queries(0):
        AuditLog.objects.record_edits(rows)
        AuditLog.objects.record_edits([])


def test_many_are_one_statement_and_listeners_hear_each(django_assert_num_queries):
    rows = [(None, make.server()) for _each in range(20)]
    with django_assert_num_queries(1):
        AuditLog.objects.record_edits(rows)
    heard = []

    def hear(line, **_told):
        heard.append(line.action)

    recorded.connect(hear, sender=Server)
    try:
        AuditLog.objects.record_edits(rows)
    finally:
        recorded.disconnect(hear, sender=Server)
    assert heard == ["server.created"] * 20
