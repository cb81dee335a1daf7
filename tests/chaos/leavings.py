"""What runs leave behind: folders and processes."""

from pathlib import Path

from automation.execution.private_folders import RUN_PREFIX
from tests.chaos import clusters
from tests.chaos.world import World

CONTROL_PATH = "ANSIBLE_SSH_CONTROL_PATH_DIR"


class Leavings:
    """Checks from time to time which folders the runs' processes use."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.control_paths: set[str] = set()

    def look(self) -> None:
        for pid in clusters.every_process():
            variables = clusters.variables_of(pid)
            if CONTROL_PATH in variables and clusters.is_of_a_run(variables, self.world.temporary):
                self.control_paths.add(variables[CONTROL_PATH])

    def folders(self) -> list[str]:
        of_runs = self.world.run_root.glob(f"{RUN_PREFIX}*")
        return [*map(str, of_runs), *(path for path in self.control_paths if Path(path).exists())]

    def processes(self) -> list[int]:
        return clusters.of_runs(self.world.temporary)

    @property
    def is_clean(self) -> bool:
        return not self.folders() and not self.processes()
