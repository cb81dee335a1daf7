"""What django-q2 does with its own table of results, made harmless.

Whoever can write to the database can write to `django_q_task`. Its rows name hooks, which are
called when a row is saved, and hold pickles, which run code when a row is read: by django-q2's
monitor, and by the list of failed tasks in the console.
"""

import picklefield.fields
from django.db.models.signals import post_save
from django_q.models import Task
from django_q.signals import call_hook

from . import plain_pickles


def harden() -> None:
    """Call no hooks, and read no pickles but plain ones; any other shows as the text it is."""
    post_save.disconnect(call_hook, sender=Task)
    picklefield.fields.loads = plain_pickles.loads
