"""Child processes: a worker yields the processor to the console, by niceness."""

import os
import subprocess

from automation import children


def niceness_of(**options) -> int:
    child = children.start("-c", "import os; print(os.nice(0))", stdout=subprocess.PIPE, **options)
    said, _ = child.communicate(timeout=30)
    return int(said) - os.nice(0)


def test_a_console_has_the_processor_as_any_program():
    assert niceness_of() == 0


def test_a_worker_leaves_the_processor_to_a_console_beside_it(monkeypatch):
    started = []
    monkeypatch.setattr(children, "start", lambda *given, **options: started.append(options))
    children.start_worker()
    monkeypatch.undo()

    assert niceness_of(niceness=started[0]["niceness"]) == 10
