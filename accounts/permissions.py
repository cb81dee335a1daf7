"""What each role may do: what the apps give it in their parts, together.

A viewer reads, an auditor reads everything, an operator also launches and works tickets, an admin
manages. Permissions have Django's names ("app.verb_model"); a verb of ours stands beside the four
that Django knows.
"""

from console.collected import RolePermissions
from console.parts import parts_of, remembered

# By role: those whose permissions it has.
ROLES = {
    "viewer": ("viewer",),
    "auditor": ("viewer", "auditor"),
    "operator": ("viewer", "operator"),
    "admin": ("viewer", "auditor", "operator", "admin"),
}


@remembered
def permissions_of(role: str) -> frozenset[str]:
    return frozenset(
        permission
        for part in parts_of(RolePermissions)
        for each in ROLES[role]
        for permission in getattr(part, each)
    )


def roles_with(permission: str) -> list[str]:
    return [role for role in ROLES if permission in permissions_of(role)]
