"""Signals that inventory listens to."""

from typing import Any

from django.dispatch import receiver

from console.signals import minute_passed

from .syncing.watching import ask_due_syncs


@receiver(minute_passed)
def sync_what_is_due(**kwargs: Any) -> None:
    ask_due_syncs()
