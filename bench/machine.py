"""The machine that was measured."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench.table import Table

PACKAGES = ("Django", "django-q2", "ansible-core", "ansible-runner")


def load() -> float:
    """The load average of the last minute."""
    return os.getloadavg()[0]


def described(database: str, load_at_start: float) -> str:
    versions = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    table = Table(f"{database}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC", ["measured on", ""])
    table.add("processor", f"{_processor()}, {os.cpu_count()} cores")
    table.add("load average at the start", f"{load_at_start:.2f}")
    table.add("system", f"{_system()}, Linux {platform.release()}")
    table.add("versions", f"Python {platform.python_version()}, {versions}")
    table.add("database", database)
    return table.markdown(level=2)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _system() -> str:
    return platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
