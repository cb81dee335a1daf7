"""What accounts does when somebody logs in, and every minute."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from console.signals import minute_passed

from .models import ApiKey, FailedAttempts, Session


@receiver(user_logged_in)
def limit_session(request: HttpRequest, **kwargs: Any) -> None:
    """The session ends at this time, however much it is used."""
    request.session.set_expiry(timezone.now() + timedelta(hours=settings.SESSION_HOURS))


@receiver(minute_passed)
def record_failed_attempts(**kwargs: Any) -> None:
    FailedAttempts.objects.tidy()


@receiver(minute_passed)
def forget_ended_sessions(**kwargs: Any) -> None:
    Session.objects.forget_ended()


@receiver(minute_passed)
def give_notice_of_ending_keys(**kwargs: Any) -> None:
    ApiKey.objects.record_ending()
