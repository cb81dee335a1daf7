"""Generates the groups of the fleet, nested, and a second inventory, imported from files."""

from pathlib import Path
from typing import Any

from django.conf import settings

from inventory.ansible.reading import Unreadable
from inventory.importing import find_or_make_source, sync_source
from inventory.models import Inventory, Server, ServerGroup, ServerGroupMember

from . import bulk
from .catalogue import FOLDER
from .world import World

NESTED = {
    "europe": ["site_ams", "site_fra", "site_vie"],
    "america": ["site_iad"],
    "asia": ["site_sin"],
    "applications": ["role_api", "role_web"],
    "backend": ["role_cache", "role_db", "role_queue"],
}
VARIABLES: dict[str, dict[str, Any]] = {
    "all": {"ntp_servers": ["198.18.0.1", "198.18.0.2"], "dns_search": "example.com"},
    "europe": {"timezone": "Europe/Vienna", "package_mirror": "https://mirror.eu.example.com"},
    "america": {"timezone": "America/New_York", "package_mirror": "https://mirror.us.example.com"},
    "asia": {"timezone": "Asia/Singapore", "package_mirror": "https://mirror.asia.example.com"},
    "applications": {"log_level": "info", "deploy_user": "app"},
    "role_web": {"listen_port": 443, "log_level": "warning"},
    "role_db": {"max_connections": 400, "backup_password": "made-up"},
}
STAGING = "staging"
FILES = {
    "hosts.ini": """\
[web]
web-[1:3].staging.example.com

[db]
db-1.staging.example.com ansible_host=198.18.64.11 is_primary=true
db-2.staging.example.com ansible_host=198.18.64.12

[shop:children]
web
db

[shop:vars]
release=candidate

[canary]
web-1.staging.example.com
""",
    "group_vars/all.yml": "ansible_user: deploy\nenvironment_name: staging\n",
    "group_vars/web.yml": "listen_port: 8443\nlog_level: debug\n",
    "group_vars/db.yml": "max_connections: 50\nbackup_password: made-up-too\n",
    "host_vars/web-1.staging.example.com.yml": "feature_flags: [new_checkout, dark_mode]\n",
}


def make_groups(world: World) -> int:
    """Insert groups by role, site and tag of the servers. Returns their number."""
    members: dict[str, list[Server]] = {name: [] for name in (*VARIABLES, *NESTED)}
    for server in world.servers:
        for name in _groups_of(server):
            members.setdefault(name, []).append(server)
    for name in {each for children in NESTED.values() for each in children}:
        members.setdefault(name, [])
    first, inventory = bulk.next_key(ServerGroup), Inventory.objects.default()
    groups = {
        name: ServerGroup(
            pk=first + number,
            inventory=inventory,
            name=name,
            variables=VARIABLES.get(name, {}),
            position=number,
            created_at=world.since,
            updated_at=world.since,
        )
        for number, name in enumerate(sorted(members, key=lambda name: (name != "all", name)))
    }
    bulk.insert(groups.values(), ServerGroup)
    bulk.insert(_members(groups, members), ServerGroupMember)
    return len(groups)


def _groups_of(server: Server) -> list[str]:
    tags = server.tags
    return [f"role_{tags['role']}", f"site_{tags['site']}", *tags.get("groups", [])]


def _members(
    groups: dict[str, ServerGroup], members: dict[str, list[Server]]
) -> list[ServerGroupMember]:
    rows = [
        ServerGroupMember(group=groups[name], server=server, position=place)
        for name, servers in members.items()
        for place, server in enumerate(servers)
    ]
    return rows + [
        ServerGroupMember(group=groups[name], child=groups[child], position=place)
        for name, children in NESTED.items()
        for place, child in enumerate(children)
    ]


def import_staging() -> int:
    """Write an inventory below PLAYBOOK_ROOT and sync it. Returns its number of servers.

    Without Ansible nothing can read it: then there is none.
    """
    folder = Path(FOLDER) / "inventories" / STAGING
    for name, text in FILES.items():
        path = Path(settings.PLAYBOOK_ROOT) / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    try:
        source = find_or_make_source((folder / "hosts.ini").as_posix(), STAGING, STAGING)
        return len(sync_source(None, source).added)
    except Unreadable:
        return 0
