"""Generates a company's servers (sites, roles, environments) and their facts.

Addresses are from the network reserved for benchmarks (RFC 2544), so no real host is reached.
"""

import base64
from collections import Counter
from datetime import timedelta
from ipaddress import IPv4Address
from random import Random
from typing import Any

from inventory.models import Credential, Inventory, Server, ServerFacts

from . import bulk
from .world import World

FIRST_ADDRESS = int(IPv4Address("198.18.0.10"))
ENVIRONMENTS = {"production": 55, "staging": 20, "development": 18, "test": 7}
ROLES = {"web": 34, "api": 24, "db": 14, "cache": 10, "queue": 6, "mail": 4, "build": 8}
SITES = ("fra", "ams", "vie", "iad", "sin")
TEAMS = ("shop", "payments", "platform", "search")
SYSTEMS = {
    ("Debian", "12.8", "6.1.0-28-amd64"): 50,
    ("Ubuntu", "24.04", "6.8.0-49-generic"): 25,
    ("Rocky", "9.5", "5.14.0-503.el9.x86_64"): 18,
    ("Debian", "11.11", "5.10.0-33-amd64"): 7,
}
SHORT = {"production": "prod", "staging": "stag", "development": "dev", "test": "test"}
MEMORY_MB = (2_048, 4_096, 8_192, 16_384, 32_768, 65_536)


def make_fleet(world: World) -> list[Server]:
    """Insert servers with their facts and credentials. Returns the servers."""
    credentials = _credentials(world)
    bulk.insert(credentials, Credential)
    counts: Counter[str] = Counter()
    first, inventory = bulk.next_key(Server), Inventory.objects.default()
    servers = [
        _server(world, inventory, first + number, number, credentials, counts)
        for number in range(world.scale.servers)
    ]
    bulk.insert(servers, Server)
    # Some servers have no facts yet.
    known = (server for server in servers if world.happens(0.92))
    bulk.insert((_facts(world, server) for server in known), ServerFacts)
    return servers


def _credentials(world: World) -> list[Credential]:
    told = {
        "Fleet login": {"ssh_user": "deploy", "become_method": "sudo"},
        "Database login": {"ssh_user": "dba", "become_user": "root"},
    }
    first = bulk.next_key(Credential)
    return [
        Credential(
            pk=first + n,
            name=name,
            description="Made by seed_data: it opens nothing.",
            ssh_password=world.rng.randbytes(12).hex(),
            environments=list(ENVIRONMENTS),
            roles=["operator"],
            created_at=world.since,
            updated_at=world.since,
            **fields,
        )
        for n, (name, fields) in enumerate(told.items())
    ]


def _server(
    world: World,
    inventory: Inventory,
    pk: int,
    number: int,
    credentials: list[Credential],
    counts: Counter[str],
) -> Server:
    rng = world.rng
    role, site, environment = world.one(ROLES), rng.choice(SITES), world.one(ENVIRONMENTS)
    place = f"{site}.{SHORT[environment]}.example.com"
    counts[role + place] += 1
    system, version, _kernel = world.one(SYSTEMS)
    created = world.since - timedelta(days=rng.randint(1, 900), minutes=rng.randint(0, 1439))
    tags: dict[str, Any] = {"role": role, "site": site, "team": rng.choice(TEAMS)}
    if rng.random() < 0.15:
        tags["groups"] = ["pci"] if rng.random() < 0.5 else ["public", "behind_lb"]
    credential = credentials[1] if role == "db" else (credentials[0] if number % 3 else None)
    # Passwords are sent only to servers with a pinned key.
    is_pinned = rng.random() < 0.8 or credential is not None
    hostname = f"{role}-{counts[role + place]:02}.{place}"
    return Server(
        pk=pk,
        inventory=inventory,
        inventory_name=hostname,
        hostname=hostname,
        ip_address=str(IPv4Address(FIRST_ADDRESS + number)),
        os_type=system,
        os_version=version,
        ssh_port=22 if rng.random() < 0.9 else 2222,
        ssh_user="" if role == "db" else "deploy",
        credential=credential,
        tags=tags,
        environment=environment,
        description=_description(role, tags["team"], rng),
        variables=_variables(role, rng),
        host_key=_host_key(rng) if is_pinned else "",
        is_active=rng.random() < 0.97,
        created_at=created,
        updated_at=created,
    )


def _description(role: str, team: str, rng: Random) -> str:
    notes = ("", "", "", " Moves to the new rack in December.", " Ask the team before a restart.")
    return f"{role.capitalize()} server of team {team}.{rng.choice(notes)}"


def _variables(role: str, rng: Random) -> dict[str, Any]:
    known: dict[str, dict[str, Any]] = {
        "web": {"http_port": 8080, "worker_processes": rng.choice((4, 8, 16))},
        "api": {"api_port": 9000, "replicas": rng.randint(1, 4)},
        "db": {"innodb_buffer_pool_gb": rng.choice((4, 8, 24)), "backup_hour": rng.randint(0, 5)},
        "cache": {"maxmemory_mb": rng.choice((1024, 4096))},
    }
    return known.get(role, {})


def _host_key(rng: Random) -> str:
    """A well-formed public key that belongs to nobody."""
    blob = b"\0\0\0\x0bssh-ed25519\0\0\0 " + rng.randbytes(32)
    return f"ssh-ed25519 {base64.b64encode(blob).decode()}"


def _facts(world: World, server: Server) -> ServerFacts:
    rng = world.rng
    kernel = next(
        kernel
        for name, version, kernel in SYSTEMS
        if (name, version) == (server.os_type, server.os_version)
    )
    memory, vcpus = rng.choice(MEMORY_MB), rng.choice((2, 4, 8, 16))
    age = timedelta(hours=rng.randint(1, 200), seconds=rng.randint(0, 3599))
    facts = {
        "ansible_hostname": server.hostname.partition(".")[0],
        "ansible_fqdn": server.hostname,
        "ansible_domain": server.hostname.partition(".")[2],
        "ansible_distribution": server.os_type,
        "ansible_distribution_version": server.os_version,
        "ansible_os_family": "RedHat" if server.os_type == "Rocky" else "Debian",
        "ansible_system": "Linux",
        "ansible_kernel": kernel,
        "ansible_architecture": "x86_64",
        "ansible_virtualization_type": "kvm",
        "ansible_processor_vcpus": vcpus,
        "ansible_processor_cores": vcpus // 2,
        "ansible_processor": ["0", "GenuineIntel", "Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz"],
        "ansible_memtotal_mb": memory,
        "ansible_memfree_mb": int(memory * rng.uniform(0.05, 0.6)),
        "ansible_swaptotal_mb": rng.choice((0, 2_048)),
        "ansible_uptime_seconds": rng.randint(3_600, 300 * 86_400),
        "ansible_python_version": "3.11.2",
        "ansible_service_mgr": "systemd",
        "ansible_pkg_mgr": "dnf" if server.os_type == "Rocky" else "apt",
        "ansible_selinux": {"status": "enabled" if server.os_type == "Rocky" else "disabled"},
        "ansible_all_ipv4_addresses": [server.ip_address],
        "ansible_all_ipv6_addresses": [f"2001:db8::{server.pk:x}"],
        "ansible_default_ipv4": {"address": server.ip_address, "interface": "ens3", "mtu": 1500},
        "ansible_mounts": [_mount("/", 40, rng), _mount("/var", 120, rng)],
        "ansible_date_time": {"tz": "UTC"},
    }
    return ServerFacts(server=server, facts=facts, gathered_at=world.now - age)


def _mount(path: str, gigabytes: int, rng: Random) -> dict[str, Any]:
    total = gigabytes * 2**30
    return {
        "mount": path,
        "device": "/dev/vda1" if path == "/" else "/dev/vdb",
        "fstype": "ext4",
        "size_total": total,
        "size_available": int(total * rng.uniform(0.04, 0.8)),
    }
