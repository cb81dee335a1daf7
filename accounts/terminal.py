"""Who acts when a command is run: anyone with a shell may name any user."""

from django.core.management.base import CommandError

from .models import User


def acting_user(username: str | None = None) -> User:
    """The active user of this name, or the first active admin. Raises CommandError."""
    try:
        return User.objects.acting_in_terminal(username)
    except User.DoesNotExist:
        if username:
            raise CommandError(f"There is no active user “{username}”.") from None
        raise CommandError(
            "There is no active admin yet: `manage.py create_admin` makes one."
        ) from None
