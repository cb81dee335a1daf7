"""Facts in a few lines, whatever a server has sent."""

import pytest

from inventory.readable_facts import group_facts

GIB = 2**30


def test_they_say_what_the_machine_is():
    facts = {
        "ansible_distribution": "Debian",
        "ansible_distribution_version": "12.8",
        "ansible_kernel": "6.1.0-28-amd64",
        "ansible_uptime_seconds": 90_000,
        "ansible_processor": ["0", "GenuineIntel", "Xeon"],
        "ansible_processor_vcpus": 4,
        "ansible_memtotal_mb": 8192,
        "ansible_memfree_mb": 512,
        "ansible_mounts": [
            {"mount": "/", "size_total": 40 * GIB, "size_available": 10 * GIB, "fstype": "ext4"}
        ],
        "ansible_default_ipv4": {"address": "192.0.2.1", "interface": "ens3"},
        "ansible_all_ipv4_addresses": ["192.0.2.1", "10.0.0.1"],
        "ansible_python_version": "3.11.2",
    }
    assert dict(group_facts(facts)) == {
        "System": [("OS", "Debian 12.8"), ("Kernel", "6.1.0-28-amd64"), ("Uptime", "1 d 1 h")],
        "Processor and memory": [
            ("Processor", "Xeon"),
            ("CPUs", "4"),
            ("Memory", "8.0 GB"),
            ("Free memory", "512 MB"),
        ],
        "Disks": [("/", "75% used, 10 GB of 40 GB free (ext4)")],
        "Network": [("Default", "192.0.2.1 on ens3"), ("IPv4", "192.0.2.1, 10.0.0.1")],
        "Software": [("Python", "3.11.2")],
    }


def test_what_is_not_told_is_not_shown():
    assert group_facts({}) == []
    assert group_facts({"ansible_system": "Linux"}) == [("System", [("OS", "Linux")])]


NAMES = (
    *("ansible_distribution", "ansible_distribution_version", "ansible_kernel"),
    *("ansible_uptime_seconds", "ansible_processor", "ansible_memtotal_mb", "ansible_memfree_mb"),
    *("ansible_mounts", "ansible_default_ipv4", "ansible_all_ipv4_addresses", "ansible_selinux"),
)


@pytest.mark.parametrize(
    "value", [None, True, -1, 1.5, "", "text", [], [None, [], {}], {}, {"a": None}, [{"mount": 3}]]
)
def test_nonsense_breaks_nothing(value):
    group_facts({name: value for name in NAMES})
    sizes = {"mount": value, "size_total": value, "size_available": value}
    group_facts({"ansible_mounts": [sizes, {**sizes, "size_total": 0}]})
