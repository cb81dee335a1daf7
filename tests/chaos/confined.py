"""Puts the harness into namespaces of its own, if the machine permits it.

It then sees no processes but its own, so it can hit nobody else's; its mounts (a small disk for
RUN_ROOT) are visible to nobody else; and however it ends, the kernel ends all its processes and
mounts with it.
"""

import os
import shutil
import subprocess
import sys
import tempfile

CONFINED = "INFRAOPS_CHAOS_CONFINED"
ENDS_WITH_US = ["setpriv", "--pdeathsig", "KILL"]
# The first process inside is a shell, which adopts and reaps orphans. If the harness itself came
# first, it might reap a command that it still waits for.
SHELL = ["sh", "-c", '"$@"; exit $?', "sh"]
WALLS = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]


def is_inside() -> bool:
    return os.environ.get(CONFINED) == "yes"


def run_inside(module: str, arguments: list[str]) -> int | None:
    """Run this module inside, in a temporary folder of its own. Returns its exit status.

    None if this process is inside already, or it is not permitted here. Whatever ends this process
    also ends everything inside.
    """
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
