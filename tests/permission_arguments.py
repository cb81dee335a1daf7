"""Arguments of the URLs in permission_table.py: each makes the row that a page is about.

`arguments(user)` makes a row for the user (None: a stranger).
"""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from django.contrib.contenttypes.models import ContentType
from django.utils import timezone
from django_q.models import Task

from accounts.models import FailedAttempts, User
from automation.models import Worker
from tests import make
from tickets.models import Ticket

Arguments = Callable[[User | None], list[Any]]


def nothing(user: User | None) -> list[Any]:
    return []


def key(row: Callable[[], Any]) -> Arguments:
    """The key of a row that is the same for every user."""
    return lambda user: [row().pk]


def living_worker(user: User | None) -> list[Any]:
    """No arguments; without a live worker, the system would be unhealthy."""
    Worker.objects.beat()
    return []


def job_id(user: User | None) -> list[Any]:
    return [make.job().job_id]


def job_with_a_task(user: User | None) -> list[Any]:
    (task,) = make.task_results(make.job(), "ok")
    return [task.job.job_id, task.number]


def artifact(user: User | None) -> list[Any]:
    row = make.artifact(make.run())
    return [row.run_id, row.number]


def run_with_a_host(user: User | None) -> list[Any]:
    (task,) = make.host_results(make.run(), "ok")
    return [task.run_id, task.number]


def story_of_a_server(user: User | None) -> list[Any]:
    return ["server", make.audit_line("server.updated", make.server()).resource_id]


def ticket_id(user: User | None) -> list[Any]:
    return [make.ticket().ticket_id]


def own_key(user: User | None) -> list[Any]:
    """Only auditors and admins see other people's keys."""
    owner = user if user and user.is_active else None
    return [make.api_key(owner)[0].pk]


def own_session(user: User | None) -> list[Any]:
    """Only auditors and admins see other people's sessions."""
    return [make.session(user if user and user.is_active else None).pk]


def failure(user: User | None) -> list[Any]:
    name = f"name{FailedAttempts.objects.count()}"
    return [make.failed_attempts(name).pk]


def own_view(user: User | None) -> list[Any]:
    """Nobody else sees a private view."""
    owner = user if user and user.is_active else None
    return [make.saved_view(owner).pk]


def own_comment(user: User | None) -> list[Any]:
    """Nobody edits other people's comments."""
    ticket = make.ticket()
    comment = make.comment(ticket, user if user and user.is_active else None)
    return [ticket.ticket_id, comment.pk]


def ticket_on_site(user: User | None) -> list[Any]:
    return [ContentType.objects.get_for_model(Ticket).pk, make.ticket().pk]


def log_line() -> Any:
    return make.log_lines(make.job(), "hello")[0]


def worker() -> Any:
    Worker.objects.beat()
    return Worker.objects.get()


def task_result() -> Any:
    return make.task_results(make.job(), "ok")[0]


def server_with_facts(user: User | None) -> list[Any]:
    return [make.server_facts().server.pk]


def server_with_host_key() -> Any:
    return make.server(host_key="ssh-ed25519 QUJD")


def server_that_is_off() -> Any:
    """It refuses connections at once."""
    return make.server(ip_address="127.0.0.1", ssh_port=1)


def failed_task() -> Any:
    number, now = uuid4().hex, timezone.now()
    return Task.objects.create(
        id=number, name=number, func="x.y", started=now, stopped=now, success=False
    )
