"""Launch a playbook and follow it: live log lines; the result is the exit status."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from accounts.terminal import acting_user
from automation import launching
from automation.launching import Choice, Intention, Launch
from automation.launching.following import LaunchingCommand, parse_extra_vars, refusals_in_words
from automation.launching.launches import NOBODY_CHOSEN
from automation.models import Playbook, Run
from inventory.models import Server
from inventory.tag_texts import TAG_EXAMPLES


class Command(LaunchingCommand):
    help = (
        "Launch a registered playbook through the queue and show its output as it arrives. "
        "Ctrl-C stops the output, not the run. Exit status: 0 success, 1 refused, 2 failed, "
        "3 cancelled, 4 skipped (no play targets the chosen servers)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("playbook", help="the playbook's name")
        where = parser.add_argument_group("where: --server, or --environment, --tag and --search")
        where.add_argument("--server", action="append", help="a host name; may be repeated")
        where.add_argument(
            "--environment", default="", help="all active servers in this environment"
        )
        where.add_argument(
            "--tag", default="", help=f"all active servers with this tag: {TAG_EXAMPLES}"
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="launch nothing; check the launch and show what would run",
        )
        where.add_argument(
            "--search", default="", help="all active servers matching this text (name, address …)"
        )
        where.add_argument(
            "--yes",
            action="store_true",
            help="do not ask for confirmation before a launch on several servers",
        )
        super().add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        with refusals_in_words():
            run = self._launched(options)
        if run is not None:
            self.follow(run, wait=not options["no_wait"], for_worker=options["wait_for_worker"])

    def _launched(self, options: dict[str, Any]) -> Run | None:
        """The launched run; None for a dry run."""
        playbook, actor = self._playbook(options["playbook"]), acting_user(options["user"])
        servers, values = self._servers(options), parse_extra_vars(options["extra_vars"])
        launch = Launch(playbook=playbook, servers=servers, extra_vars=values)
        launch = self.with_options(launch, options)
        intention = launching.rehearse(actor, launch)
        self.stdout.write("\n".join(intention.words))
        if options["dry_run"]:
            self.stdout.write(f"{intention.command}\nNothing was launched.")
            return None
        self._ask(intention, is_sure=options["yes"])
        return launching.launch(actor, launch).run

    def _ask(self, intention: Intention, *, is_sure: bool) -> None:
        """Ask for confirmation if there are several servers and a terminal."""
        if len(intention.servers) == 1 or is_sure or not sys.stdin.isatty():
            return
        self.stdout.flush()
        if input("Continue? [y/N] ").strip().lower() not in ("y", "yes"):
            raise CommandError("Nothing was launched.")

    @staticmethod
    def _playbook(name: str) -> Playbook:
        try:
            return Playbook.objects.get(name=name)
        except Playbook.DoesNotExist:
            known = ", ".join(Playbook.objects.active().values_list("name", flat=True)[:20])
            raise CommandError(f"There is no playbook “{name}”. There are: {known}.") from None

    def _servers(self, options: dict[str, Any]) -> list[Server] | Choice:
        choice = Choice.of(options)
        if bool(options["server"]) == bool(choice.given):
            raise CommandError(
                "Name servers with --server, or select them with --environment, --tag or --search."
            )
        if not choice.given:
            return self._named([name.lower() for name in options["server"]])
        if not choice.servers:
            raise CommandError(NOBODY_CHOSEN)
        return choice

    @staticmethod
    def _named(names: list[str]) -> list[Server]:
        servers = list(Server.objects.filter(hostname__in=names))
        if missing := set(names) - {server.hostname for server in servers}:
            raise CommandError(f"There is no server “{'”, “'.join(sorted(missing))}”.")
        return servers
