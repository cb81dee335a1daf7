"""Signals that automation listens to."""

from typing import Any

from django.db import connections
from django.db.models import Model
from django.dispatch import receiver
from django_q.models import Schedule

from audit.signals import story_asked
from audit.stories.story import Chapter

from .content import playbook_files
from .models import Job, Playbook, Run
from .queue import schedules

CONNECTION_CHECK = {
    "name": "Check connection",
    "description": "Checks whether Ansible can reach a server, and gathers its facts.",
}

# {name: (task, minutes between two calls)}
SCHEDULED = {"Every minute": ("every_minute", 1), "Seal the audit trail": ("seal_audit", 5)}

OURS = {
    **dict.fromkeys(schedules.EMPTY),
    "schedule_type": Schedule.MINUTES,
    "repeats": -1,
}

TOLD_JOBS = 500


def set_up_queue(using: str, **kwargs: Any) -> None:
    """After each migrate: schedule our tasks, and register this release's connection check."""
    if not all(_is_of_today(model, using) for model in (Schedule, Playbook)):
        return  # a backward migration, or of a single app
    rows = Schedule.objects.using(using)
    for name, (task, minutes) in SCHEDULED.items():
        given = {**OURS, "func": f"automation.tasks.{task}", "minutes": minutes}
        # Also restores a row that was refused because somebody had changed it.
        if not rows.filter(name=name).update(**given):
            rows.create(name=name, **given)
    _register_connection_check(using)


def _is_of_today(model: type[Model], using: str) -> bool:
    """Whether the database has the table with all its columns."""
    connection = connections[using]
    table = model._meta.db_table
    if table not in connection.introspection.table_names():
        return False
    with connection.cursor() as cursor:
        described = connection.introspection.get_table_description(cursor, table)
    columns = {column.name for column in described}
    return columns >= {field.column for field in model._meta.local_concrete_fields}


def _register_connection_check(using: str) -> None:
    file_path = f"{playbook_files.BUILTIN}check_connection.yml"
    file_hash = playbook_files.hash_of(playbook_files.locate_file(file_path).read_bytes())
    known = Playbook.objects.using(using).filter(file_path=file_path)
    if not known:
        Playbook(file_path=file_path, file_hash=file_hash, **CONNECTION_CHECK).save(using=using)
    else:
        known.exclude(file_hash=file_hash).update(file_hash=file_hash)


@receiver(story_asked, sender=Run)
def tell_of_jobs(object: Run, **kwargs: Any) -> Chapter:
    """A run's story includes that of its first 500 jobs."""
    jobs = object.jobs.order_by("id").values_list("job_id", flat=True)[:TOLD_JOBS]
    return Chapter("its jobs", "job", [str(job_id) for job_id in jobs])


@receiver(story_asked, sender=Job)
def tell_of_run(object: Job, **kwargs: Any) -> Chapter:
    """A job's story includes its run's lines, which say who launched and cancelled it."""
    return Chapter("its run", "run", [str(object.run_id)])
