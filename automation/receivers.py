"""Signals that automation listens to."""

from typing import Any

from django.db import connections
from django.dispatch import receiver
from django_q.models import Schedule

from audit.signals import story_asked
from audit.stories.story import Chapter

from .content import playbook_files
from .models import Job, Playbook, Run

CONNECTION_CHECK = {
    "name": "Check connection",
    "description": "Checks whether Ansible can reach a server, and gathers its facts.",
}


TOLD_JOBS = 500


def set_up_queue(using: str, **kwargs: Any) -> None:
    """After each migrate: schedule `every_minute`, and register this release's connection check."""
    tables = connections[using].introspection.table_names()
    if {Schedule._meta.db_table, Playbook._meta.db_table} - set(tables):
        return  # a backward migration, or of a single app
    Schedule.objects.using(using).get_or_create(
        name="Every minute",
        defaults={
            "func": "automation.tasks.every_minute",
            "schedule_type": Schedule.MINUTES,
            "minutes": 1,
        },
    )
    _register_connection_check(using)


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
