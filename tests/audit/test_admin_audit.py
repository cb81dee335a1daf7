"""The audit trail in the admin: searched, filtered, with values before and after."""

from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils.html import strip_tags

from audit.context import acting_as, terminal
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


def test_every_value_of_a_line_leads_to_the_lines_like_it(client_of, boss, lines):
    client = client_of(boss)
    entry = client.get(reverse("admin:audit_auditlog_change", args=[lines.pk])).context["entry"]
    for url in (entry.by_who, entry.by_action, entry.by_kind, entry.by_object, entry.by_day):
        answer = client.get(url)
        assert answer.status_code == 200, url
        assert lines in answer.context["cl"].result_list, url


def test_a_line_leads_to_the_one_before_and_the_one_after(client_of, boss):
    server, client = make.server(), client_of(boss)
    first, second, third = (make.audit_line("server.updated", server) for _ in range(3))
    make.audit_line("server.updated", make.server())

    def neighbours(line):
        page = client.get(reverse("admin:audit_auditlog_change", args=[line.pk]))
        return page.context["older"], page.context["newer"]

    assert neighbours(second) == (first.pk, third.pk)
    assert neighbours(third) == (second.pk, None)
    assert neighbours(make.audit_line("user.login_failed")) == (None, None)


def test_a_line_tells_its_time_here_and_in_utc(client_of, boss, lines, settings):
    settings.TIME_ZONE = "Asia/Tokyo"
    path = reverse("admin:audit_auditlog_change", args=[lines.pk])
    page = client_of(boss).get(path).content.decode()
    here = lines.timestamp.astimezone(ZoneInfo("Asia/Tokyo"))
    assert f"{here:%Y-%m-%d %H:%M:%S} JST" in page
    assert f"{lines.timestamp:%Y-%m-%d %H:%M:%S} UTC" in page


def test_a_line_tells_where_it_came_from(client_of, boss):
    server, client = make.server(), client_of(boss)
    client.post(
        reverse("admin:inventory_server_delete", args=[server.pk]),
        {"post": "yes"},
        headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Firefox/128.0"},
    )
    assert "console, from" in where(client) and ", Firefox 128 on Linux" in where(client)
    make.audit_line("server.updated", make.server())
    assert where(client) == "worker or command"


def test_what_a_worker_did_is_told_as_the_systems_for_somebodys_run(client_of, boss, alice):
    make.audit_line("server.host_key_learned", make.server(), actor=alice)
    client = client_of(boss)
    assert "system, for" not in client.get(LIST).content.decode()
    with acting_as(alice, via=lambda: "command run_worker"):
        AuditLog.objects.record("server.host_key_learned", make.server())
    assert where(client) == f"worker as {terminal()['user']}@{terminal()['host']}"
    line = AuditLog.objects.newest_first()[0]
    for path in (LIST, reverse("admin:audit_auditlog_change", args=[line.pk])):
        assert "system, for alice&#x27;s run" in client.get(path).content.decode()
    assert line.user == alice


def where(client):
    line = AuditLog.objects.newest_first()[0]
    page = client.get(reverse("admin:audit_auditlog_change", args=[line.pk])).content.decode()
    text = strip_tags(page.partition("<dt>Source</dt>")[2].partition("</dd>")[0])
    return " ".join(text.split())


def test_an_object_leads_to_its_story(client_of, boss, lines):
    page = client_of(boss).get(LIST).content.decode()
    assert f'href="/audit/server/{lines.resource_id}/"' in page


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
