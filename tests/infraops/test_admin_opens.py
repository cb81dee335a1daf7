"""Every admin page, opened by every role; expectations come from has_perm."""

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_q.models import Failure, Schedule

from accounts.models import ApiKey, FailedAttempts, Session, User
from audit.models import AuditLog
from automation.models import Job, JobLog, Playbook, Run, TaskResult, VaultPassword, Worker
from inventory.models import Credential, Inventory, Server
from tests import make
from tickets.models import Ticket

HISTORY = (
    AuditLog,
    FailedAttempts,
    Failure,
    Job,
    JobLog,
    Run,
    Schedule,
    Session,
    TaskResult,
    Worker,
)
# Everybody may see some of these rows: their own.
OWN = (ApiKey, Session)


@pytest.fixture
def rows(db):
    """One row of everything; the job's and the run's own pages are found from it."""
    job = make.job(status="failed")
    line = make.log_lines(job, "TASK [Restart the service] ***")[0]
    result = make.task_results(job, "failed")[0]
    ticket = make.ticket(job=job)
    make.occurrence(ticket, job)
    key, _ = make.api_key(job.user)
    found = (job, job.run, job.server, job.playbook, line, result, ticket, key, job.user)
    return {type(row): row for row in (*found, make.audit_line(resource=job.server))}


def url(model, page, *arguments):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=arguments)


def models():
    return [model for model in admin.site._registry]


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
def test_the_pages_open_for_an_admin(client_of, boss, rows, model):
    client = client_of(boss)
    assert client.get(url(model, "changelist")).status_code == 200
    assert client.get(url(model, "changelist"), {"q": "web"}).status_code == 200
    row = rows.get(model) or model.objects.first()
    if row is not None:
        answer = client.get(url(model, "change", row.pk), follow=True)
        assert answer.status_code == 200
    expected = 403 if model in HISTORY else 200
    assert client.get(url(model, "add")).status_code == expected


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
@pytest.mark.parametrize("who", ["alice", "bob"])
def test_the_pages_open_for_those_who_may_see_them(client_of, request, rows, model, who):
    user = request.getfixturevalue(who)
    client = client_of(user)
    may_see = user.has_perm(f"{model._meta.app_label}.view_{model._meta.model_name}")
    expected = 200 if may_see or model in OWN else 403
    assert client.get(url(model, "changelist")).status_code == expected
    row = rows.get(model)
    if row is not None and model not in OWN:
        assert client.get(url(model, "change", row.pk), follow=True).status_code == expected
    may_add = user.has_perm(f"{model._meta.app_label}.add_{model._meta.model_name}")
    assert client.get(url(model, "add")).status_code == (200 if may_add else 403)


@pytest.mark.parametrize("model", HISTORY, ids=lambda model: model.__name__)
def test_history_is_changed_by_nobody(client_of, boss, rows, model):
    client = client_of(boss)
    row = rows.get(model) or model.objects.first()
    pk = row.pk if row else 1
    for page, arguments in (("add", ()), ("change", (pk,)), ("delete", (pk,))):
        answer = client.post(url(model, page, *arguments), {"action": "x"})
        assert answer.status_code in (302, 403), page
    assert model.objects.filter(pk=pk).exists() == bool(row)


@pytest.mark.parametrize(
    ("model", "make_row"),
    [
        (Job, lambda: make.job(status="failed")),
        (Run, lambda: make.job().run),
        (Inventory, make.inventory),
        (Server, make.server),
        (Credential, lambda: make.credential(ssh_password="x")),
        (VaultPassword, make.vault_password),
        (Playbook, make.playbook),
        (Ticket, lambda: make.ticket(assigned_to=make.user(role="operator"))),
        (User, make.user),
        (ApiKey, make.api_key),
        (Session, make.session),
        (AuditLog, lambda: make.audit_line(resource=make.server())),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_list_asks_as_often_for_many_rows_as_for_few(
    client_of, boss, query_ceiling, model, make_row
):
    make_row()
    client = client_of(boss)
    for _ in range(8):
        make_row()
    with query_ceiling(9):
        assert client.get(url(model, "changelist")).status_code == 200


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
def test_a_stranger_signs_in_first(client, db, model):
    answer = client.get(url(model, "changelist"))
    assert answer.status_code == 302
    assert answer.url.startswith(reverse("admin:login"))


@pytest.mark.parametrize("model", [Job, Run, Server, Ticket, AuditLog, User])
def test_an_unknown_row_leads_home(client_of, boss, model):
    answer = client_of(boss).get(url(model, "change", 999_999), follow=True)
    assert "doesn’t exist" in answer.content.decode()


def test_what_an_operator_should_not_meet_is_not_there():
    names = {model.__name__ for model in models()}
    assert names.isdisjoint({"Group", "LogEntry", "Success", "OrmQ", "Permission"})


def test_history_of_an_object_is_its_audit_trail(client_of, boss, alice):
    server = make.server()
    make.audit_line("server.updated", server)
    make.audit_line("server.updated", make.server())
    page = url(Server, "history", server.pk)
    answer = client_of(boss).get(page, follow=True)
    assert len(answer.context["page"].entries) == 1
    assert client_of(alice).get(page).status_code == 403


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
def test_an_empty_list_says_what_to_do(client_of, boss, model):
    empty = {"q": "nothing of that name at all"} if model in (User, Playbook) else {}
    page = client_of(boss).get(url(model, "changelist"), empty).content.decode()
    if "No results" in page or "io-nothing" in page:
        assert ("Nothing matches" if empty else " yet</h2>") in page


def test_an_empty_inventory_offers_to_add_a_server(client_of, boss, bob):
    page = client_of(boss).get(url(Server, "changelist")).content.decode()
    assert "import_inventory FILE" in page and "Add server" in page
    assert "Add server" not in client_of(bob).get(url(Server, "changelist")).content.decode()
    # The filter is not the reason why the list is empty.
    fresh = client_of(boss).get(url(Server, "changelist"), {"environment": "moon"})
    assert "No servers yet" in fresh.content.decode()
    make.server(environment="staging")
    filtered = client_of(boss).get(url(Server, "changelist"), {"environment": "moon"})
    assert "Nothing matches" in filtered.content.decode()


def test_a_fresh_list_of_tickets_says_where_they_come_from(client_of, bob):
    """The menu links to unresolved tickets: there are none, but not because of that filter."""
    page = client_of(bob).get(url(Ticket, "changelist"), {"queue": "unresolved"}).content.decode()
    assert "No tickets yet" in page and "A failed job opens one." in page
    make.ticket(status="closed")
    page = client_of(bob).get(url(Ticket, "changelist"), {"queue": "unresolved"}).content.decode()
    assert "No ticket matches these filters." in page


def test_names_are_written_as_they_are(client_of, boss):
    server = make.server(hostname="web1.example.com")
    page = client_of(boss).get(url(Server, "change", server.pk)).content.decode()
    assert "Web1.example.com" not in page


@pytest.mark.parametrize("key", ["abc", "9" * 30, "0", "_5F"])
@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
def test_a_key_that_cannot_be_one_leads_home(client_of, boss, model, key):
    answer = client_of(boss).get(url(model, "change", key))
    assert answer.status_code == 302


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
def test_each_list_has_words_for_having_nothing_and_for_nothing_that_matches(
    client_of, boss, rows, model
):
    if model is User:
        return  # whoever reads it exists
    assert admin.site._registry[model].when_empty
    page = client_of(boss).get(url(model, "changelist"), {"id__lt": "0"}).content.decode()
    shown, not_shown = "Nothing matches", " yet</h2>"
    if not model._base_manager.exists():
        shown, not_shown = not_shown, shown
    assert shown in page and not_shown not in page


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
def test_no_list_counts_its_table(client_of, boss, rows, model):
    with CaptureQueriesContext(connection) as queries:
        client_of(boss).get(url(model, "changelist"))
        client_of(boss).get(url(model, "changelist"), {"q": "web"})
    counts = [each["sql"] for each in queries if each["sql"].startswith("SELECT COUNT(")]
    assert all("LIMIT 10001" in sql and sql.count("COUNT(") == 1 for sql in counts)
    assert counts or model in (JobLog, TaskResult)  # of one job at a time


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
def test_no_form_shows_what_has_no_value_yet(client_of, boss, rows, model):
    """A new row's times are unknown, and their placeholders are not for display."""
    client = client_of(boss)
    pages = [url(model, "add")]
    if row := rows.get(model) or model.objects.first():
        pages.append(url(model, "change", row.pk))
    for page in pages:
        text = client.get(page, follow=True).content.decode()
        assert "DatabaseDefault" not in text and "object at 0x" not in text, page


@pytest.mark.parametrize(
    "model", (Server, Playbook, Credential, User), ids=lambda model: model.__name__
)
def test_a_form_for_a_new_record_has_only_what_can_be_filled_in(client_of, boss, model):
    answer = client_of(boss).get(url(model, "add"))
    shown = {
        name
        for fieldset in answer.context["adminform"]
        for line in fieldset
        for name in line.fields
    }
    assert shown and not shown & {"created_at", "updated_at", "file_hash", "holds", "last_login"}
