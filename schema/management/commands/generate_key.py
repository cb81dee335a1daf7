from typing import Any

from django.core.management.base import BaseCommand

from schema.encryption import generate_key


class Command(BaseCommand):
    help = "Print a new key for ENCRYPTION_KEYS."
    # A new installation has no key yet, and the check for one would stop the command.
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(generate_key())
