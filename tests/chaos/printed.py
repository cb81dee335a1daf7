"""What a run prints and leaves behind, made comparable between runs of the same shape."""

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from automation.ansi import plain
from automation.models import Job, Run
from tests.automation.running import comparable

# A line with which Ansible starts to report an interruption. Tracebacks are split between the jobs,
# so one may start with a line of code.
BROKEN_OFF = re.compile(
    r"\s|$|fatal: |failed: |PLAY RECAP|\[(ERROR|WARNING)\]|ERROR!|User interrupted|HOST +: ok="
    r"|Traceback|\w+Error: |Terminated$"
)
RECAP = re.compile(r"^HOST\s*:\s*((?:\w+=\d+\s*)+)$")


@dataclass(frozen=True)
class Reference:
    """How a job of this shape and position goes when undisturbed."""

    status: str
    failed_task: str
    lines: list[str]
    steps: list[str]
    counts: dict[str, int]


def lines_of(job: Job, mark: str) -> list[str]:
    """The job's lines without colours and whatever else differs between runs."""
    contents = job.logs.order_by("line_number").values_list("content", flat=True)
    host = job.server.hostname
    texts = (plain(content).replace(host, "HOST").replace(mark, "MARK") for content in contents)
    return comparable([text.rstrip() for text in texts])


def references(run: Run, mark: str, marks: Path) -> list[Reference]:
    """A reference for each job, in the order of the launch."""
    steps = steps_in(marks)
    return [
        Reference(
            job.status,
            job.failed_task,
            lines_of(job, mark),
            steps[mark, job.server.hostname],
            job.counts,
        )
        for job in jobs_of(run)
    ]


def jobs_of(run: Run) -> list[Job]:
    return list(run.jobs.select_related("server").order_by("id"))


def steps_in(marks: Path) -> dict[tuple[str, str], list[str]]:
    """{(mark, host): the steps done, in order}."""
    steps: dict[tuple[str, str], list[str]] = defaultdict(list)
    if marks.exists():
        for line in marks.read_text().splitlines():
            mark, host, step = line.split()
            steps[mark, host].append(step)
    return steps


def deviation(lines: list[str], wanted: list[str]) -> int | None:
    """The index of the first line that differs from the undisturbed run; None if none does."""
    for number, (line, other) in enumerate(zip(lines, wanted, strict=False)):
        if line != other:
            return number
    return None if len(lines) <= len(wanted) else len(wanted)


def recap_in(lines: list[str]) -> dict[str, int] | None:
    """The numbers of Ansible's recap; None if it did not come to that."""
    for line in reversed(lines):
        if match := RECAP.match(line):
            pairs = (pair.split("=") for pair in match[1].split())
            return {name: int(count) for name, count in pairs}
    return None
