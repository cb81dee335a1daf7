"""One run of the harness: undisturbed references, the storm, the calm, the checks."""

import sys
import time
from argparse import Namespace
from collections import Counter

from django.db import connection

from tests.chaos import log_invariants, plan
from tests.chaos.databases import Database
from tests.chaos.faults import KINDS
from tests.chaos.invariants import Evidence
from tests.chaos.leavings import Leavings
from tests.chaos.load import Load, Story
from tests.chaos.plan import Launch
from tests.chaos.printed import Reference, references
from tests.chaos.storm import Storm
from tests.chaos.witness import Witness
from tests.chaos.world import SERVERS, World, world

# Numbers of undisturbed launches start here.
UNDISTURBED = 90_000
CALM_SECONDS = 300
TICK_SECONDS = 0.1
SHOWN_VIOLATIONS = 20

Kinds = dict[str, tuple[float, float]]
References = dict[tuple[str, int], list[Reference]]


def run(options: Namespace, database: Database, *, is_confined: bool) -> int:
    """0 if everything held, otherwise 1."""
    with world(database, options.logs, is_confined=is_confined) as made:
        for kind, reason in made.left_out.items():
            made.journal.say(f"{kind} is left out: {reason}")
        names = sorted(set(made.playbooks) & set(options.playbooks or made.playbooks))
        launches = plan.launches(options.seed, options.runs, names, SERVERS)
        wanted = kinds(made, options)
        known = undisturbed(made, launches)
        evidence = disturbed(made, launches, known, wanted, options)
        violations = {claim: check(evidence) for claim, check in log_invariants.CHECKS.items()}
        violations["No worker has to be restarted by hand"] = made.clusters.stop()
        print(table(evidence, violations), flush=True)
    found = sum(map(len, violations.values()))
    print(f"Seed {options.seed}: {found} violations in {len(evidence.runs)} runs.", flush=True)
    return 1 if found or not evidence.runs else 0


def undisturbed(made: World, launches: list[Launch]) -> References:
    """References for each shape of launch."""
    shapes = sorted({launch.shape for launch in launches})
    made.journal.say(f"{len(shapes)} undisturbed runs, to compare with")
    wanted = [
        Launch(UNDISTURBED + number, playbook, tuple(range(servers)), "model")
        for number, (playbook, servers) in enumerate(shapes)
    ]
    with Load(made, wanted) as load:
        load.start()
        wait_for(load, seconds=CALM_SECONDS)
        stories = load.stop()
    assert not any(story.complaints for story in stories), [story.complaints for story in stories]
    runs = made.runs().in_bulk()
    return {
        story.launch.shape: references(runs[story.run_id], story.launch.mark, made.marks)
        for story in stories
        if story.run_id
    }


def disturbed(
    made: World, launches: list[Launch], known: References, wanted: Kinds, options: Namespace
) -> Evidence:
    witness, leavings = Witness(made), Leavings(made)
    made.journal.say(f"{len(launches)} runs, and everything that can go wrong")
    witness.start()
    with Load(made, launches) as load:
        load.start()
        disturbances = plan.disturbances(options.seed, wanted, options.longest, options.pause)
        storm = Storm(made, disturbances)
        try:
            storm_over(load, storm, leavings, options)
        finally:
            storm.calm()
        made.journal.say(f"calm; {load.done} of {len(launches)} runs have ended")
        wait_for(load, leavings, seconds=CALM_SECONDS)
        stories = load.stop()
    witness.stop()
    connection.close()  # it may have been cut
    return Evidence(made, stories, known, witness.ends, leavings)


def kinds(made: World, options: Namespace) -> Kinds:
    """The possible and wanted kinds of faults, and how long each may last."""
    possible = set(KINDS) - set(made.left_out)
    wanted = possible & set(options.kinds or possible)
    if not wanted:
        sys.exit(f"None of these is possible here: {', '.join(sorted(possible))} are.")
    return {name: KINDS[name].lasts for name in wanted}


def storm_over(load: Load, storm: Storm, leavings: Leavings, options: Namespace) -> None:
    """Disturb until the last runs have been begun, and a little longer."""
    late_at = time.monotonic() + 60 * options.minutes
    while not load.is_under_way:
        rage(storm, leavings)
        if time.monotonic() > late_at:
            load.is_late.set()
    last = time.monotonic() + 3 * options.pause
    while not load.is_done and time.monotonic() < last:
        rage(storm, leavings)


def rage(storm: Storm, leavings: Leavings) -> None:
    storm.tick()
    leavings.look()
    time.sleep(TICK_SECONDS)


def wait_for(load: Load, leavings: Leavings | None = None, *, seconds: float) -> None:
    """Wait until all have ended and nothing is left, or time is up; the checks will tell."""
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        if load.is_done and (leavings is None or leavings.is_clean):
            return
        if leavings is not None and not load.is_done:
            leavings.look()
        time.sleep(TICK_SECONDS)


def table(evidence: Evidence, violations: dict[str, list[str]]) -> str:
    lines = ["", "disturbances: " + counted(evidence.world.journal.counts())]
    lines.append(f"lost answers to COMMIT: {evidence.world.database.lost_answers}")
    ends = Counter(
        f"{ended.job.status} {ended.job.failure_kind}".strip() for ended in evidence.ended
    )
    lines += ["jobs: " + counted(ends), "launched through: " + counted(doors(evidence.stories)), ""]
    width = max(map(len, violations))
    for claim, found in violations.items():
        verdict = f"VIOLATED {len(found)} times" if found else "holds"
        lines.append(f"{claim:<{width}}  {verdict}")
        lines += [f"    {text}" for text in found[:SHOWN_VIOLATIONS]]
        if len(found) > SHOWN_VIOLATIONS:
            lines.append(f"    … and {len(found) - SHOWN_VIOLATIONS} more")
    return "\n".join(lines)


def doors(stories: list[Story]) -> Counter[str]:
    return Counter("command" if story.command else story.launch.door for story in stories)


def counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "none"
