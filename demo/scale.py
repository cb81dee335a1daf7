"""How much is made."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    servers: int
    jobs: int
    days: int
    operators: int
    viewers: int
    # Jobs that keep their lines, task results and audit lines: the newest ones.
    logged_jobs: int
    # A run of the "fleet_baseline" on so many servers; 0: none.
    matrix_servers: int = 0
    # Lines of one endless log; 0: none.
    long_log: int = 0


SCALES = {
    "small": Scale(servers=60, jobs=400, days=16, operators=5, viewers=3, logged_jobs=400),
    "large": Scale(
        servers=10_000,
        jobs=100_000,
        days=30,
        operators=16,
        viewers=12,
        logged_jobs=100_000,
        matrix_servers=500,
        long_log=100_000,
    ),
}
