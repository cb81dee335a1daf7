"""Issue an API key. Its token is printed once and not stored."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import DEFAULT_END, ApiKey, User
from schema.exceptions import Refused


class Command(BaseCommand):
    help = "Issue an API key for a user and print its token, which is shown only once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", help="user that the key acts for")
        parser.add_argument(
            "--name", required=True, help="what it is for, such as “deploy pipeline”"
        )
        end = parser.add_mutually_exclusive_group()
        end.add_argument(
            "--days", type=int, help="days until it expires (default: API_KEY_DAYS, which is 90)"
        )
        end.add_argument("--never-expires", action="store_true", help="give it no end")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            owner = User.objects.get(username=options["username"])
            key, token = ApiKey.objects.issue(
                owner, name=options["name"], expires_at=self._end(**options)
            )
        except User.DoesNotExist:
            raise CommandError(f"There is no user “{options['username']}”.") from None
        except Refused as error:
            raise CommandError(str(error)) from None
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        until = (
            f"expires {key.expires_at:%Y-%m-%d %H:%M} UTC" if key.expires_at else "never expires"
        )
        # Print only the token to stdout, for scripts.
        self.stderr.write(f"{key} of {owner}, {until}. Copy the token now; it is shown only once:")
        self.stdout.write(token)

    @staticmethod
    def _end(days: int | None, never_expires: bool, **_options: Any) -> Any:
        if days is None:
            return None if never_expires else DEFAULT_END
        try:
            return timezone.now() + timedelta(days=days)
        except OverflowError:
            raise CommandError("--days is too large.") from None
