"""Puts the harness into namespaces of its own, where the machine permits it.

It then sees no process but its own, so that none of somebody else's can be hit; a mount of its own
(a small disk for RUN_ROOT) is seen by nobody else; and when it ends, however it ends, the kernel
ends every process and every mount with it.
"""

import os
import shutil
import subprocess
import sys
import tempfile

CONFINED = "INFRAOPS_CHAOS_CONFINED"
ENDS_WITH_US = ["setpriv", "--pdeathsig", "KILL"]
# The first process in there is a shell: orphans fall to it, and it takes in how they ended. Were
# the harness the first, it could take in the end of a command that it still waits for.
SHELL = ["sh", "-c", '"$@"; exit $?', "sh"]
WALLS = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]


def is_inside() -> bool:
    return os.environ.get(CONFINED) == "yes"


def run_inside(module: str, arguments: list[str]) -> int | None:
    """Run this module inside, in a temporary folder of its own; its exit status. None when this
    is inside already, or not permitted here. Whatever ends this process, ends all of it."""
    walls = [] if CONFINED in os.environ else _permitted()
    if not walls:
        return None
    with tempfile.TemporaryDirectory(prefix="infraops-chaos-") as folder:
        harness = subprocess.Popen(
            [*ENDS_WITH_US, *walls, *SHELL, sys.executable, "-m", module, *arguments],
            env={**os.environ, CONFINED: "yes", "TMPDIR": folder},
        )
        try:
            return harness.wait()
        finally:
            harness.kill()
            harness.wait()


def _permitted() -> list[str]:
    unshare = shutil.which("unshare")
    as_whom = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    command = [str(unshare), *as_whom, *WALLS]
    if unshare and subprocess.run([*command, "true"], capture_output=True).returncode == 0:
        return command
    return []
