"""The short version of `make chaos`, on the suite's database."""

import os
import subprocess
import sys

import pytest

from tests.chaos import plan
from tests.chaos.proxy import is_commit
from tests.fixtures.workers import ROOT, database_url

KINDS = {"worker_killed": (0.0, 0.0), "database_frozen": (0.1, 1.0), "disk_full": (0.02, 0.5)}
SHORT = ["--runs=9", "--seed=11", "--longest=10", "--pause=4", "--playbooks", "steps", "breaks"]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_everything_holds_whatever_is_disturbed() -> None:
    harness = subprocess.Popen(
        [sys.executable, "-m", "tests.chaos", *SHORT, f"--database={database_url()}"],
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        said, _ = harness.communicate(timeout=600)
    finally:
        harness.kill()
    assert harness.returncode == 0, said
    assert " 0 violations in 9 runs." in said


def test_a_seed_gives_the_same_plan_again() -> None:
    def made(seed: int) -> list[object]:
        storm = plan.disturbances(seed, KINDS, longest=60, pause=5)
        return [*plan.launches(seed, 20, ["steps", "slow"], 5), *(next(storm) for _ in range(20))]

    assert made(7) == made(7)
    assert made(7) != made(8)


def test_each_kind_of_disturbance_comes_in_each_round() -> None:
    storm = plan.disturbances(3, KINDS, longest=60, pause=5)
    rounds = [{next(storm).kind for _ in KINDS} for _ in range(5)]

    assert rounds == [set(KINDS)] * 5


@pytest.mark.parametrize("said", [b"COMMIT", b"commit", b"COMMIT;"])
def test_a_commit_is_known_in_the_clients_packet(said: bytes) -> None:
    packet = len(said).to_bytes(3, "little") + b"\0\3"

    assert is_commit(packet + said)
    assert not is_commit(packet + b"SELECT 'COMMIT'")
