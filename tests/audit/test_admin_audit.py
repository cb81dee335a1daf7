"""The audit trail in the admin: searched, filtered, with what stood before and after."""

import pytest
from django.urls import reverse

from audit.models import AuditLog
from tests import make

LIST = reverse("admin:audit_auditlog_changelist")


def count(answer):
    return answer.context["cl"].result_count


@pytest.fixture
def lines(boss):
    server = make.server(hostname="web1.example.com")
    changed = make.audit_line(
        "server.updated", server, actor=boss, changes={"ssh_port": ["22", "<b>2222</b>"]}
    )
    make.audit_line("job.finished", make.job(status="success"), status="success")
    return changed


def test_every_value_is_found(client_of, boss, lines):
    client = client_of(boss)
    assert count(client.get(LIST, {"q": "server."})) == 1
    assert count(client.get(LIST, {"q": lines.resource_id})) >= 1
    assert count(client.get(LIST, {"action__startswith": "job."})) == 1
    assert count(client.get(LIST, {"resource_type__exact": "server"})) == 1
    assert count(client.get(LIST, {"user__id__exact": boss.pk})) >= 1
    assert count(client.get(LIST, {"timestamp_from_0": "2000-01-01"})) >= 2
    assert count(client.get(LIST, {"timestamp_to_0": "2000-01-01"})) == 0


def test_a_line_shows_before_and_after_as_text(client_of, boss, lines):
    path = reverse("admin:audit_auditlog_change", args=[lines.pk])
    page = client_of(boss).get(path).content.decode()
    assert "<del>22</del>" in page and "<ins>&lt;b&gt;2222&lt;/b&gt;</ins>" in page
    assert "web1.example.com" in page and ">boss<" in page


def test_an_object_leads_to_its_story(client_of, boss, lines):
    page = client_of(boss).get(LIST).content.decode()
    assert f"resource_type__exact=server&amp;resource_id__exact={lines.resource_id}" in page or (
        f"resource_type__exact=server&resource_id__exact={lines.resource_id}" in page
    )


def test_names_outlive_their_subjects(client_of, boss, alice):
    make.audit_line("ticket.resolved", make.ticket(title="Disk"), actor=alice)
    AuditLog.objects.get(action="ticket.resolved")
    alice.delete()
    page = client_of(boss).get(LIST, {"q": "ticket."}).content.decode()
    assert "alice" in page and "Disk" in page


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_it_is_for_admins(client_of, request, lines, who):
    client = client_of(request.getfixturevalue(who))
    assert client.get(LIST).status_code == 403
    assert client.get(reverse("admin:audit_auditlog_change", args=[lines.pk])).status_code == 403
