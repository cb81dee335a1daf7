"""What django-q2 does with its own tables, made harmless.

Whoever can write to the database can write to them. Rows of `django_q_schedule` name functions and
arguments. Those of `django_q_task` name hooks, which are called when a row is saved, and hold
pickles, which run code when a row is read: by django-q2's monitor, and by the list of failed tasks
in the console.

Its cluster would be a second supervisor of workers, which lets nobody cancel their runs and which a
killed process leaves hanging: it does not start.
"""

from typing import Any

import picklefield.fields
from django.core.management.base import CommandError
from django.db.models.signals import post_save
from django_q import cluster
from django_q.models import Task
from django_q.signals import call_hook

from . import plain_pickles


def harden() -> None:
    """Start no cluster, call no hooks, and read no pickles but plain ones.

    Any other pickle shows as the text that it is.
    """
    cluster.Cluster.__init__ = _refuse_cluster  # before it takes the signals
    post_save.disconnect(call_hook, sender=Task)
    picklefield.fields.loads = plain_pickles.loads


def _refuse_cluster(*unused: Any) -> None:
    raise CommandError("InfraOps has workers of its own. Start them with `manage.py run_worker`.")
