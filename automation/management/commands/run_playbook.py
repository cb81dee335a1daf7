"""Launch a playbook and follow it: live log lines; the result is the exit status."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from accounts.terminal import acting_user
from automation.launching import Choice, Launch
from automation.launching.following import LaunchingCommand, parse_extra_vars, refusals_in_words
from automation.models import Playbook
from inventory.choosing import CHOSEN_BY
from inventory.models import Server
from inventory.tag_texts import TAG_EXAMPLES

CHOICE_FLAGS = [f"--{name}" for name in CHOSEN_BY]


class Command(LaunchingCommand):
    help = (
        "Launch a registered playbook and follow its lines. Ctrl-C stops following; the run goes "
        "on. Exit status: 0 success, 1 refused, 2 failed, 3 cancelled, 4 skipped: no play targets "
        "the chosen servers."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("playbook", help="the playbook's name")
        where = parser.add_argument_group("servers: --server, or the other options")
        where.add_argument(
            "--server", action="append", help="a host name, or name@inventory; may be repeated"
        )
        where.add_argument(
            "--inventory",
            default="",
            help="every active server of this inventory; alone, the whole inventory",
        )
        where.add_argument(
            "--environment", default="", help="every active server in this environment"
        )
        where.add_argument(
            "--tag", default="", help=f"every active server with this tag: {TAG_EXAMPLES}"
        )
        where.add_argument(
            "--search",
            default="",
            help="every active server whose name, address or description contains this",
        )
        super().add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        with refusals_in_words():
            actor = acting_user(options["user"])
            run = self.launch(actor, lambda: self._build(options), options)
        if run is not None:
            self.follow(run, wait=not options["no_wait"], for_worker=options["wait_for_worker"])

    def _build(self, options: dict[str, Any]) -> Launch:
        playbook = self._playbook(options["playbook"])
        servers, values = self._servers(options), parse_extra_vars(options["extra_vars"])
        launch = Launch(playbook=playbook, servers=servers, extra_vars=values)
        return self.with_options(launch, options)

    @staticmethod
    def _playbook(name: str) -> Playbook:
        try:
            return Playbook.objects.get(name=name)
        except Playbook.DoesNotExist:
            known = ", ".join(Playbook.objects.active().values_list("name", flat=True)[:20])
            raise CommandError(f"There is no playbook “{name}”. Available: {known}.") from None

    def _servers(self, options: dict[str, Any]) -> list[Server] | Choice:
        choice = Choice.of(options)
        if bool(options["server"]) == bool(choice.given):
            flags = " and ".join([", ".join(CHOICE_FLAGS[:-1]), CHOICE_FLAGS[-1]])
            raise CommandError(f"Give either --server, or any of {flags}.")
        if not choice.given:
            return [Server.objects.named(name) for name in options["server"]]
        choice.found()
        return choice
