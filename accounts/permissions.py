"""The permissions of each role, collected from the apps' parts.

Viewers read, auditors read everything, operators also launch playbooks and work tickets, admins
manage. Permissions are named as in Django ("app.verb_model"); verbs of ours come in addition to
Django's four.
"""

from console.collected import RolePermissions
from console.parts import parts_of, remembered

# {role: the roles whose permissions it has}.
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
