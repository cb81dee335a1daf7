"""How much data is generated."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    servers: int
    jobs: int
    days: int
    operators: int
    viewers: int
    # The newest jobs, with log lines, task results and audit lines.
    logged_jobs: int
    # Servers in one run of "fleet_baseline"; 0: no such run.
    matrix_servers: int = 0
    # Lines in one very long log; 0: no such log.
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
