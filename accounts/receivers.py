"""What accounts does when somebody logs in, and every minute."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from console.signals import minute_passed

from .models import ApiKey, FailedAttempts, Session, User


@receiver(user_logged_in)
def begin_session(request: HttpRequest, user: User, **kwargs: Any) -> None:
    """The session ends at this time, however much it is used."""
    if request.session.session_key is None:  # somebody else was logged in here
        request.session.create()  # at once, with the address: it is saved too late to know it
    request.session.set_expiry(timezone.now() + timedelta(hours=settings.SESSION_HOURS))
    # The middleware gives the browser its cookie.
    request.logged_in = user  # type: ignore[attr-defined]


@receiver(minute_passed)
def record_failed_attempts(**kwargs: Any) -> None:
    FailedAttempts.objects.tidy()


@receiver(minute_passed)
def forget_ended_sessions(**kwargs: Any) -> None:
    Session.objects.forget_ended()


@receiver(minute_passed)
def give_notice_of_ending_keys(**kwargs: Any) -> None:
    ApiKey.objects.record_ending()
