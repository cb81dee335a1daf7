"""What ansible-inventory, and a script that it runs, may use."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from inventory.ansible import reading

pytestmark = [pytest.mark.slow, pytest.mark.on_either]  # runs ansible-inventory


def script_of(folder: Path, code: str) -> Path:
    path = folder / "hosts.py"
    path.write_text(f'#!{sys.executable}\n{code}\nprint(\'{{"web": ["web1"]}}\')\n')
    path.chmod(0o755)
    return path


def test_a_script_that_wants_too_much_memory_is_refused_with_its_own_words(tmp_path, monkeypatch):
    script = script_of(tmp_path, "bytearray(2**30)")
    assert len(reading.read(script).hosts) == 1
    little = replace(reading.FOR_ANYTHING, memory=512 * 1024**2)
    monkeypatch.setattr(reading, "FOR_ANYTHING", little)
    with pytest.raises(reading.Unreadable, match="MemoryError"):
        reading.read(script)


def test_a_lower_limit_that_the_process_has_already_is_kept(tmp_path):
    """As under `ulimit -v`: it cannot be raised, and trying that was a traceback."""
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30)); "
        "import django; django.setup(); from pathlib import Path; "
        "from inventory.ansible import reading; print(len(reading.read(Path(sys.argv[1])).hosts))"
    )
    command = [sys.executable, "-c", code, str(script_of(tmp_path, ""))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == ("1", 0), done.stderr
