"""Create the first admin, or reset the password of an existing one."""

import getpass
import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User

USERNAME = "INFRAOPS_ADMIN_USERNAME"
EMAIL = "INFRAOPS_ADMIN_EMAIL"
PASSWORD = "INFRAOPS_ADMIN_PASSWORD"  # noqa: S105  (the variable's name)


class Command(BaseCommand):
    help = (
        f"Create an admin from the options, from {USERNAME}, {EMAIL} and {PASSWORD}, or by asking. "
        "An existing user is not changed unless --reset-password is given."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--username", default=os.environ.get(USERNAME, ""))
        parser.add_argument("--email", default=os.environ.get(EMAIL, ""))
        # No option for the password itself: any user of the machine could read it with `ps`.
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password from standard input"
        )
        parser.add_argument("--no-input", action="store_true", help="never prompt")
        parser.add_argument(
            "--reset-password",
            action="store_true",
            help="give an existing user a new password, and make them an active admin",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.asks = not (options["no_input"] or options["password_stdin"])
        username = self._text("user name", options["username"], f"--username or {USERNAME}")
        user = User.objects.filter(username=username).first()
        if user is not None and not options["reset_password"]:
            state = f"{user.get_role_display().lower()}{'' if user.is_active else ', not active'}"
            self.stdout.write(f"{user} already exists ({state}) and was not changed.")
            return
        is_new = user is None
        if user is None:
            email = self._text("e-mail address", options["email"], f"--email or {EMAIL}")
            user = User(username=username, email=email)
        try:
            User.objects.make_admin(user, self._password(options["password_stdin"]))
        except ValidationError as error:
            raise CommandError("\n".join(_said(error))) from None
        done = "is an admin now" if is_new else "has a new password and is an active admin"
        self.stdout.write(self.style.SUCCESS(f"{user} {done}."))

    def _text(self, what: str, given: str, source: str) -> str:
        if not given and self.asks:
            given = input(f"{what.capitalize()}: ")
        if not given.strip():
            raise CommandError(f"Missing {what}: use {source}.")
        return given.strip()

    def _password(self, from_stdin: bool) -> str:
        if from_stdin:
            given = sys.stdin.readline().rstrip("\r\n")
        else:
            given = os.environ.get(PASSWORD, "") or (self._asked_twice() if self.asks else "")
        if not given:
            raise CommandError(f"Missing password: use --password-stdin or {PASSWORD}.")
        return given

    @staticmethod
    def _asked_twice() -> str:
        first = getpass.getpass("Password: ")
        if first != getpass.getpass("Password (again): "):
            raise CommandError("The two passwords differ.")
        return first


def _said(error: ValidationError) -> list[str]:
    """One line per field."""
    return [f"{name}: {' '.join(messages)}" for name, messages in error.message_dict.items()]
