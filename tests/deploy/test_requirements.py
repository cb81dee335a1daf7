"""Requirements name every package with a version and hashes, and follow from what we choose."""

import re
from pathlib import Path

import pytest
from django.conf import settings

FOLDER = Path(settings.BASE_DIR) / "requirements"
CHOSEN = sorted(FOLDER.glob("*.in"))
PIN = re.compile(r"([A-Za-z0-9_.-]+)==([^ ;\\]+)")


def entries(path: Path) -> list[str]:
    """Each requirement with its options, on one line."""
    text = re.sub(r"^ *#.*\n", "", path.read_text(), flags=re.MULTILINE)
    return [line for line in text.replace("\\\n", " ").splitlines() if line.strip()]


def pins(path: Path) -> dict[str, str]:
    return {
        name.lower().replace("_", "-"): version
        for line in entries(path)
        for name, version in PIN.findall(line)
    }


@pytest.mark.parametrize("chosen", CHOSEN, ids=lambda path: path.stem)
def test_every_package_has_a_version_and_hashes(chosen):
    locked = chosen.with_suffix(".txt")
    assert entries(locked)
    for line in entries(locked):
        assert PIN.match(line), line
        assert "--hash=sha256:" in line, line
    assert "://" not in locked.read_text()  # no index is named


@pytest.mark.parametrize("chosen", CHOSEN, ids=lambda path: path.stem)
def test_what_we_choose_is_what_is_locked(chosen):
    """If this fails, run `make lock`."""
    assert pins(chosen).items() <= pins(chosen.with_suffix(".txt")).items()
    for line in entries(chosen):
        if line.startswith("-r "):
            inner = chosen.with_name(line.removeprefix("-r "))
            assert pins(inner).items() <= pins(chosen.with_suffix(".txt")).items()


def test_hashes_are_required_wherever_packages_are_installed():
    root = FOLDER.parent
    for name in ("Makefile", "deploy/Dockerfile", "docs/operations.md"):
        text = (root / name).read_text().replace("\\\n", " ")
        commands = re.findall(r"install [^\n&]*requirements/[^\n&]*", text)
        assert commands and all("--require-hashes" in each for each in commands), name
