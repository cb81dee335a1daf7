import subprocess

import pytest
from django.core.management.base import CommandError

from demo.management.commands.demo import Command


def test_a_worker_that_does_not_start_is_told_instead_of_waited_for(db, tmp_path):
    log = tmp_path / "worker.log"
    log.write_text("PermissionError: no semaphores here")

    with subprocess.Popen(["false"]) as worker, pytest.raises(CommandError, match="semaphores"):
        Command._wait_for(worker, log)
