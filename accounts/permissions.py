"""The permissions of each role, collected from the apps' parts.

Viewers read, operators also launch playbooks and work tickets, admins manage. Permissions are named
as in Django ("app.verb_model"); verbs of ours come in addition to Django's four.
"""

from console.collected import RolePermissions
from console.parts import parts_of, remembered

# Each may do what the roles before it may do.
ROLES = ("viewer", "operator", "admin")


@remembered
def permissions_of(role: str) -> frozenset[str]:
    those_before = ROLES[: ROLES.index(role) + 1]
    return frozenset(
        permission
        for part in parts_of(RolePermissions)
        for each in those_before
        for permission in getattr(part, each)
    )


def roles_with(permission: str) -> list[str]:
    return [role for role in ROLES if permission in permissions_of(role)]
