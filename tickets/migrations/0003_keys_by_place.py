"""Key tickets by the place of the failing task instead of its name.

Nothing is lost if several unresolved tickets were for one task whose name was templated per server:
the oldest keeps the failure; the others stay open as they are, without a key. May be interrupted
and restarted.
"""

import hashlib
from collections import defaultdict

from django.db import migrations
from django.db.models import Max

ROWS_AT_ONCE = 500
FAILED = ("failed", "unreachable")


def tell_places(apps, schema_editor):
    """For the jobs that tickets refer to, set the place of the failing task from its result."""
    for model in ("TicketOccurrence", "Ticket"):
        rows = apps.get_model("tickets", model).objects
        for chunk in _chunks(rows):
            jobs = rows.filter(pk__range=chunk).exclude(job=None).values_list("job", flat=True)
            _tell_places_of(apps, list(jobs))


def _tell_places_of(apps, keys):
    Job = apps.get_model("automation", "Job")
    jobs = Job.objects.filter(pk__in=keys, status="failed", failed_place="").exclude(failed_task="")
    places = _places(apps, dict(jobs.values_list("pk", "failed_task")))
    jobs_by_place = defaultdict(list)
    for pk, place in places.items():
        jobs_by_place[place].append(pk)
    for place, pks in jobs_by_place.items():
        Job.objects.filter(pk__in=pks).update(failed_place=place)


def _places(apps, tasks):
    """{job: place} of the first failed result of that name, or else of the first failed one.

    `tasks` is {job: name of the failing task}.
    """
    results = apps.get_model("automation", "TaskResult").objects
    failed = results.filter(job_id__in=tasks, status__in=FAILED).exclude(path="")
    first, named = {}, {}
    for job, task, path in failed.order_by("job_id", "number").values_list("job", "task", "path"):
        first.setdefault(job, path)
        if task == tasks[job]:
            named.setdefault(job, path)
    return first | named


def key_by_place(apps, schema_editor):
    _key(apps, lambda place, task, kind: place or task or kind)


def key_by_name(apps, schema_editor):
    """Restore the old keys; a ticket that lost its key gets it back if it is free."""
    _key(apps, lambda place, task, kind: task or kind)
    _key(apps, lambda place, task, kind: task or kind, only_without=True)


def _key(apps, what, *, only_without=False):
    """Give unresolved tickets the key of their failure, oldest first."""
    tickets = apps.get_model("tickets", "Ticket").objects
    unresolved = tickets.filter(status__in=("open", "in_progress"), job__status="failed")
    unresolved = unresolved.filter(open_key__isnull=only_without)
    for chunk in _chunks(tickets):
        rows = unresolved.filter(pk__range=chunk).order_by("pk")
        for pk, key, *failure in rows.values_list("pk", "open_key", *FAILURE):
            wanted = _hashed(what, *failure)
            if wanted != key:
                is_taken = tickets.filter(open_key=wanted).exists()
                tickets.filter(pk=pk).update(open_key=None if is_taken else wanted)


FAILURE = (
    "job__playbook_id",
    "job__server__environment",
    "job__failed_place",
    "job__failed_task",
    "job__failure_kind",
)


def _hashed(what, playbook, environment, place, task, kind):
    parts = (playbook, environment, kind, what(place, task, kind))
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()


def _chunks(rows):
    """(first, last) key of each batch of the table, in order."""
    last = rows.aggregate(last=Max("pk"))["last"] or 0
    for first in range(1, last + 1, ROWS_AT_ONCE):
        yield first, first + ROWS_AT_ONCE - 1


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("automation", "0009_skipped_servers"),
        ("tickets", "0002_ticket_comments"),
    ]

    operations = [
        migrations.RunPython(tell_places, migrations.RunPython.noop),
        migrations.RunPython(key_by_place, key_by_name),
    ]
