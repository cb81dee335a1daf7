"""The rows of django_q_schedule: plain text that anyone who can write to the database can edit.

django-q2's own scheduler evaluates whatever they say. The queue reader of `run_worker` calls
`queue_due` instead, which first switches off whatever is not ours.
"""

import logging

from django.db import transaction
from django_q.models import Schedule
from django_q.scheduler import scheduler

from schema.retrying import reconnect

from .packages import Foreign, refuse_foreign
from .refusals import record_refusal

logger = logging.getLogger(__name__)

NEVER = 0  # of `repeats`
# Columns that ours leave empty. They would be evaluated, or name functions, brokers and arguments.
EMPTY = ("hook", "args", "kwargs", "cluster", "intended_date_kwarg", "cron")
KINDS = (Schedule.MINUTES, Schedule.HOURLY, Schedule.DAILY, Schedule.WEEKLY)


def queue_due() -> None:
    """Queue the tasks whose time has come. For a loop that has to survive errors."""
    try:
        refuse_foreign_schedules()
    except Exception as error:
        logger.warning("No scheduled task is queued: %s", error)
        reconnect()
        return
    scheduler()


def refuse_foreign_schedules() -> None:
    """Switch off each schedule that is not ours, once. The row stays, as evidence."""
    for row in Schedule.objects.exclude(repeats=NEVER):
        try:
            _refuse(row)
        except Foreign as refused:
            with transaction.atomic():
                live = Schedule.objects.filter(pk=row.pk).exclude(repeats=NEVER)
                if live.update(repeats=NEVER):
                    record_refusal(refused, kind="schedule", schedule=row.pk)


def _refuse(row: Schedule) -> None:
    """Raise Foreign unless the row calls a task of ours, regularly and without arguments."""
    refuse_foreign({"func": row.func, "hook": row.hook})
    if more := [name for name in EMPTY if getattr(row, name)]:
        raise Foreign(f"It sets {', '.join(more)}.", func=row.func)
    if row.schedule_type not in KINDS or (
        row.schedule_type == Schedule.MINUTES and not row.minutes
    ):
        raise Foreign("It does not repeat as ours do.", func=row.func)
