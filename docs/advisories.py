"""Look for published advisories about the pinned packages: `make audit`.

Exits with 1 if there are any. Without the network nothing is checked: it says so, and exits with 0.
"""

import json
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements"
LISTS = ("prod.txt", "dev.txt")


def main() -> int:
    found = [_examine(REQUIREMENTS / name) for name in LISTS]
    if None in found:
        print("NOT CHECKED: the advisory service cannot be reached from here.")
        return 0
    lines = sorted({line for each in found for line in each or ()})
    print("\n".join(lines) or "No advisories about our dependencies.")
    return 1 if lines else 0


def _examine(requirements: Path) -> list[str] | None:
    """A line for each advisory; None if the service did not answer."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(requirements)]
    options = ["--disable-pip", "--require-hashes", "--format", "json", "--progress-spinner", "off"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except ValueError:
        print(*done.stderr.strip().splitlines()[-1:])
        return None
    return [
        f"{each['name']} {each['version']}: {bug['id']}, fixed in {', '.join(bug['fix_versions'])}"
        for each in packages
        for bug in each.get("vulns", ())
    ]


if __name__ == "__main__":
    sys.exit(main())
