"""Generates users of each role. They have no password, so nobody can log in as them."""

from datetime import timedelta

from accounts.models import User

from . import bulk
from .world import World

NAMES = (
    *("amara", "jonas", "priya", "mateo", "ingrid", "kofi", "yuki", "lena", "tomas", "aisha"),
    *("oskar", "meera", "diego", "freya", "kwame", "hana", "elif", "pavel", "noor", "sven"),
    *("zuri", "marek", "leila", "bruno", "anouk", "ravi", "mila", "theo", "salma", "erik"),
)
ADMINS = 2
# Reads everything and changes nothing.
AUDITOR = "vera"
# Launches the scheduled runs.
TIMER = "nightly-runner"


def make_people(world: World) -> dict[str, list[User]]:
    """{role: users}. The last operator is the scheduler's account."""
    scale, rng = world.scale, world.rng
    roles = [User.Role.ADMIN] * ADMINS
    roles += [User.Role.OPERATOR] * scale.operators + [User.Role.VIEWER] * scale.viewers
    users = [_user(name, role, world) for name, role in zip(NAMES, roles, strict=False)]
    users[-1].is_active = False  # somebody has left
    users.append(_user(AUDITOR, User.Role.AUDITOR, world))
    users.append(_user(TIMER, User.Role.OPERATOR, world))
    for pk, user in enumerate(users, bulk.next_key(User)):
        user.pk = pk
        user.created_at = user.updated_at = world.since - timedelta(days=rng.randint(1, 400))
    bulk.insert(users, User)
    return {role: [user for user in users if user.role == role] for role in User.Role.values}


def _user(name: str, role: str, world: World) -> User:
    seen = world.now - timedelta(hours=world.rng.randint(1, 90))
    user = User(username=name, email=f"{name}@example.com", role=role, last_login=seen)
    user.set_unusable_password()
    return user
