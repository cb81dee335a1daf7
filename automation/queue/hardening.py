"""What django-q2 does with its own tables, made harmless.

Whoever can write to the database can write to them. Rows of `django_q_schedule` name functions and
arguments. Those of `django_q_task` name hooks, which are called when a row is saved, and hold
pickles, which run code when a row is read: by django-q2's monitor, and by the list of failed tasks
in the console.
"""

import picklefield.fields
from django.db.models.signals import post_save
from django_q import cluster
from django_q.models import Task
from django_q.signals import call_hook

from . import plain_pickles, schedules


def harden() -> None:
    """Schedule our tasks only, call no hooks, and read no pickles but plain ones.

    Any other pickle shows as the text that it is.
    """
    cluster.scheduler = schedules.queue_due
    post_save.disconnect(call_hook, sender=Task)
    picklefield.fields.loads = plain_pickles.loads
