"""Show a server's host keys, and pin the one whose fingerprint was compared."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError

from accounts.terminal import acting_user
from inventory.models import Server
from schema.exceptions import Refused


class Command(BaseCommand):
    help = (
        "Fetch a server's SSH host keys and show their fingerprints. Nothing is pinned unless "
        "--pin gives the fingerprint shown on the server's own console."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("host", help="the server's host name, or name@inventory")
        parser.add_argument("--pin", metavar="SHA256:…", help="pin the key with this fingerprint")
        parser.add_argument("--user", help="acting user (default: the first active admin)")

    def handle(self, *args: Any, **options: Any) -> None:
        actor = acting_user(options["user"])
        try:
            server = Server.objects.named(options["host"])
            keys = server.fetch_host_keys(actor)
            for key in keys:
                self.stdout.write(f"{key.fingerprint}{' (pinned)' if key.is_pinned else ''}")
            if options["pin"]:
                wanted = options["pin"].split()[-1] if options["pin"].split() else ""
                chosen = [key for key in keys if key.fingerprint.split()[-1] == wanted]
                if not chosen:
                    raise Refused(f"{server} shows no key with the fingerprint {wanted}.")
                is_new = server.pin_host_key(actor, chosen[0].host_key)
                self.stdout.write("Pinned." if is_new else "Already pinned.")
        except (Refused, PermissionDenied) as error:
            raise CommandError(str(error)) from None
