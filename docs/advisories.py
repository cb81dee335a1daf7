"""Look for published advisories about the pinned packages: `make audit`.

Exits with 1 if there are any, and with 2 if the lists themselves cannot be read. Where the advisory
service cannot be reached, it names what was not checked, and that alone exits with 0.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements"
LISTS = ("build.txt", "prod.txt", "dev.txt", "audit.txt")
# What pip-audit (its log, or the exception that ended it) says if the service does not answer.
UNREACHABLE = (
    "ConnectionError",
    "ServiceError",
    "Failed to resolve",
    "Max retries exceeded",
    "timed out",
    "ProxyError",
    "SSLError",
)


class NotReached(Exception):
    """The service did not answer. The message is the last line that pip-audit printed."""


class Unreadable(Exception):
    """pip-audit ended for another reason, which the message gives."""


def main() -> int:
    found: set[str] = set()
    unchecked: list[str] = []
    for name in LISTS:
        try:
            packages = examine(REQUIREMENTS / name)
        except NotReached as error:
            unchecked.append(f"requirements/{name}: {error}")
        except Unreadable as error:
            print(f"requirements/{name} cannot be checked: {error}")
            return 2
        else:
            found |= {line for package in packages for line in advisories_about(package)}
            if skipped := [each["name"] for each in packages if "skip_reason" in each]:
                unchecked.append(f"requirements/{name}: unknown to the service: {shortly(skipped)}")
    lines = [*sorted(found), *(f"NOT CHECKED: {each}" for each in unchecked)]
    print("\n".join(lines) or "No advisories about our dependencies.")
    return 1 if found else 0


def examine(requirements: Path) -> list[dict[str, Any]]:
    """pip-audit's findings for each package of a list."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(requirements)]
    options = ["--disable-pip", "--require-hashes", "--format", "json", "--progress-spinner", "off"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    try:
        return json.loads(done.stdout)["dependencies"]
    except ValueError:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        is_away = any(words in done.stderr for words in UNREACHABLE)
        raise (NotReached if is_away else Unreadable)(last) from None


def shortly(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def advisories_about(package: dict[str, Any]) -> list[str]:
    return [
        f"{package['name']} {package['version']}: {bug['id']}, "
        f"fixed in {', '.join(bug['fix_versions']) or 'no release yet'}"
        for bug in package.get("vulns", ())
    ]


if __name__ == "__main__":
    sys.exit(main())
