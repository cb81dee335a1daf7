"""Launch a playbook and follow it: live log lines; the result is the exit status."""

import shlex
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from accounts.terminal import acting_user
from automation.launching import Choice, InventoryPart, Launch, SeveralInventories
from automation.launching.following import LaunchingCommand, parse_extra_vars, refusals_in_words
from automation.models import Playbook
from inventory.choosing import CHOSEN_BY
from inventory.models import Server
from inventory.tag_texts import TAG_EXAMPLES
from schema.limits import name_some

FLAGS = {name: f"--{name}" for name in CHOSEN_BY} | {"groups": "--group"}


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
            help="every active server of this inventory; alone, the whole inventory",
        )
        where.add_argument(
            "--group",
            action="append",
            dest="groups",
            default=[],
            metavar="GROUP",
            help="every active server in this group or smart group; may be repeated",
        )
        where.add_argument(
            "--limit",
            metavar="PATTERN",
            help="every active server that this pattern means in Ansible: web:&staging:!db1",
        )
        where.add_argument("--environment", help="every active server in this environment")
        where.add_argument("--tag", help=f"every active server with this tag: {TAG_EXAMPLES}")
        where.add_argument(
            "--search",
            help="every active server whose name, address or description contains this",
        )
        super().add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        with refusals_in_words():
            actor = acting_user(options["user"])
            try:
                run = self.launch(actor, lambda: self._build(options), options)
            except SeveralInventories as several:
                commands = [_command_for(options["playbook"], part) for part in several.parts]
                raise CommandError("\n  ".join([f"{several}", *commands])) from None
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
        # A variable of a script that is not set: without it, much more would run.
        if empty := [flag for name, flag in FLAGS.items() if _is_empty(options[name])]:
            raise CommandError(f"{empty[0]} is empty.")
        choice = Choice.of(options)
        if bool(options["server"]) == bool(choice.given):
            raise CommandError(
                f"Give either --server, or any of {name_some([*FLAGS.values()], 9)}."
            )
        if not choice.given:
            return [Server.objects.named(name) for name in options["server"]]
        choice.found()
        return choice


def _is_empty(given: Any) -> bool:
    """True for an option that was given without a text."""
    texts = given if isinstance(given, list) else [given]
    return any(text is not None and not text.strip() for text in texts)


def _command_for(playbook: str, part: InventoryPart) -> str:
    """The command that launches on the servers of one inventory."""
    given: dict[str, Any] = part.chosen_by
    groups = [f"--group={name}" for name in given.get("groups", ())]
    texts = [f"{FLAGS[name]}={value}" for name, value in given.items() if name != "groups"]
    named = (
        []
        if given
        else [f"--server={each.inventory_name}@{each.inventory}" for each in part.servers]
    )
    return shlex.join(["run_playbook", playbook, *groups, *texts, *named])
