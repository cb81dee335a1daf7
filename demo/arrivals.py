"""Generates audit lines for what people did besides running playbooks."""

from datetime import timedelta

from inventory.models import Server

from .trail import Trail
from .world import World

EDITS = (
    ("description", "", "Ask the team before a restart."),
    ("ssh_user", "admin", "deploy"),
    ("is_active", "False", "True"),
    ("ssh_port", "2222", "22"),
)


def tell_arrivals(world: World, trail: Trail) -> None:
    """Record who created the servers, and who logged in on each day."""
    boss = world.people["admin"][0]
    for server in world.servers:
        at = max(server.created_at, world.since - timedelta(days=1))
        trail.add(at, boss, "server.created", ("server", server.pk, server.hostname), by_hand=True)
        _tell_edits(world, trail, server)
    for user in [*world.people["admin"], *world.operators]:
        for day in range(world.scale.days):
            at = world.since + timedelta(days=day, seconds=world.rng.randint(25_000, 34_000))
            name = ("user", user.pk, user.username)
            trail.add(at, user, "user.logged_in", name, by_hand=True)


def _tell_edits(world: World, trail: Trail, server: Server) -> None:
    for _ in range(world.rng.randint(0, 6)):
        at = world.since + timedelta(minutes=world.rng.randint(1, world.scale.days * 1440))
        name, before, after = world.rng.choice(EDITS)
        told = {"changes": {name: [before, after]}}
        actor = world.rng.choice(world.people["admin"])
        resource = ("server", server.pk, server.hostname)
        trail.add(at, actor, "server.updated", resource, by_hand=True, **told)
