"""The steps of `manage.py seed_data`, for all apps without steps of their own."""

from automation.content.playbook_files import BUILTIN
from automation.models import Playbook, Run
from console.collected import MadeUpRows
from inventory.models import Server, ServerGroup, SmartGroup
from tickets.models import Ticket

from . import arrivals, bulk, catalogue, fleet, groups, people, smart_groups, work
from .history import History
from .ticketing import Desk
from .work import Say
from .world import World


def seed_people(world: World, say: Say) -> dict[str, int]:
    say("Users, who cannot log in: they have no password")
    world.people = people.make_people(world)
    return {}


def seed_servers(world: World, say: Say) -> dict[str, int]:
    say(f"{world.scale.servers:,} servers with their facts")
    world.servers = fleet.make_fleet(world)
    return {}


def seed_smart_groups(world: World, say: Say) -> dict[str, int]:
    say("Smart groups")
    return {"smart groups": smart_groups.make_smart_groups(world)}


def seed_groups(world: World, say: Say) -> dict[str, int]:
    say("Groups of servers, with variables")
    return {"groups": groups.make_groups(world)}


def seed_staging(world: World, say: Say) -> dict[str, int]:
    """Last, as nothing has run there yet."""
    say(f"The inventory “{groups.STAGING}”, from files below PLAYBOOK_ROOT")
    return {"servers in staging": groups.import_staging()}


def seed_playbooks(world: World, say: Say) -> dict[str, int]:
    say("Playbooks, registered and written below PLAYBOOK_ROOT")
    catalogue.write_files()
    for pk, recipe in enumerate(catalogue.recipes().values(), bulk.next_key(Playbook)):
        recipe.pk = pk
        world.playbooks[recipe.name] = recipe.row(world.since)
    bulk.insert(world.playbooks.values(), Playbook)
    return {}


def seed_history(world: World, say: Say) -> dict[str, int]:
    """Runs with jobs, log lines, results, audit lines, and tickets for failures."""
    arrivals.tell_arrivals(world, world.trail)
    desk = Desk(world, world.trail)
    history = History(world, world.playbooks, world.trail, desk)
    work.do_all(world, history, say)
    say(f"{len(desk.tickets):,} tickets of failures")
    desk.write()
    return {**history.counts, "tickets": len(desk.tickets)}


def own_playbooks() -> list[object]:
    return [Playbook.objects.exclude(file_path__startswith=BUILTIN)]


PARTS = [
    MadeUpRows(make=seed_people, order=10),
    MadeUpRows(make=seed_servers, kept=lambda: [Server.objects.all()], order=20),
    MadeUpRows(make=seed_smart_groups, kept=lambda: [SmartGroup.objects.all()], order=26),
    MadeUpRows(make=seed_groups, kept=lambda: [ServerGroup.objects.all()], order=25),
    MadeUpRows(make=seed_playbooks, kept=own_playbooks, order=30),
    MadeUpRows(make=seed_history, kept=lambda: [Run.objects.all(), Ticket.objects.all()], order=40),
    MadeUpRows(make=seed_staging, order=50),
]
