"""Facts for display: a machine in a few lines. Tolerates any data that a server may send."""

from collections.abc import Iterator
from typing import Any

Rows = list[tuple[str, str]]
MANY = 20


def group_facts(facts: dict[str, Any]) -> list[tuple[str, Rows]]:
    """[("System", [("OS", "Debian 12.5"), …]), …], without anything unknown."""
    parts = {
        "System": _system(facts),
        "Processor and memory": _processor(facts),
        "Disks": list(_disks(facts)),
        "Network": _network(facts),
        "Software": _software(facts),
    }
    told = {title: [(label, text) for label, text in rows if text] for title, rows in parts.items()}
    return [(title, rows) for title, rows in told.items() if rows]


def _system(facts: dict[str, Any]) -> Rows:
    name = _text(facts.get("ansible_distribution") or facts.get("ansible_system"))
    return [
        ("OS", f"{name} {_text(facts.get('ansible_distribution_version'))}".strip()),
        ("Kernel", _text(facts.get("ansible_kernel"))),
        ("Architecture", _text(facts.get("ansible_architecture"))),
        ("Virtualization", _text(facts.get("ansible_virtualization_type"))),
        ("Uptime", _days(facts.get("ansible_uptime_seconds"))),
    ]


def _processor(facts: dict[str, Any]) -> Rows:
    # ["0", maker, model, "1", maker, model, …]
    kinds = facts.get("ansible_processor")
    model = kinds[2] if isinstance(kinds, list) and len(kinds) > 2 else ""
    free, swap = facts.get("ansible_memfree_mb"), facts.get("ansible_swaptotal_mb")
    return [
        ("Processor", _text(model)),
        ("CPUs", _text(facts.get("ansible_processor_vcpus"))),
        ("Memory", _megabytes(facts.get("ansible_memtotal_mb"))),
        ("Free memory", _megabytes(free)),
        ("Swap", _megabytes(swap)),
    ]


def _disks(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    mounts = facts.get("ansible_mounts")
    for mount in (mounts if isinstance(mounts, list) else [])[:MANY]:
        if not isinstance(mount, dict):
            continue
        total, free = mount.get("size_total"), mount.get("size_available")
        if not (isinstance(total, int) and isinstance(free, int) and total):
            continue
        used = 100 * (total - free) / total
        kind = _text(mount.get("fstype"))
        sizes = f"{_gigabytes(free)} of {_gigabytes(total)} free"
        yield _text(mount.get("mount")) or "?", f"{used:.0f}% used, {sizes} ({kind})"


def _network(facts: dict[str, Any]) -> Rows:
    default = facts.get("ansible_default_ipv4")
    default = default if isinstance(default, dict) else {}
    interface = _text(default.get("interface"))
    address = _text(default.get("address"))
    return [
        ("FQDN", _text(facts.get("ansible_fqdn"))),
        ("Default", f"{address} on {interface}" if address and interface else address),
        ("IPv4", _list(facts.get("ansible_all_ipv4_addresses"))),
        ("IPv6", _list(facts.get("ansible_all_ipv6_addresses"))),
    ]


def _software(facts: dict[str, Any]) -> Rows:
    selinux = facts.get("ansible_selinux")
    return [
        ("Python", _text(facts.get("ansible_python_version"))),
        ("Packages", _text(facts.get("ansible_pkg_mgr"))),
        ("Services", _text(facts.get("ansible_service_mgr"))),
        ("SELinux", _text(selinux.get("status")) if isinstance(selinux, dict) else ""),
    ]


def _text(value: Any) -> str:
    return str(value)[:200] if isinstance(value, str | int | float) else ""


def _list(value: Any) -> str:
    texts = [_text(item) for item in value] if isinstance(value, list) else []
    more = f" and {len(texts) - MANY} more" if len(texts) > MANY else ""
    return ", ".join(texts[:MANY]) + more


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _days(seconds: Any) -> str:
    if not _is_number(seconds):
        return ""
    days, rest = divmod(int(seconds), 86_400)
    hours, minutes = rest // 3600, rest % 3600 // 60
    return f"{days} d {hours} h" if days else f"{hours} h {minutes} min"


def _megabytes(value: Any) -> str:
    if not _is_number(value):
        return ""
    return f"{value / 1024:.1f} GB" if value >= 1024 else f"{value} MB"


def _gigabytes(size: float) -> str:
    return f"{size / 2**30:.0f} GB"
