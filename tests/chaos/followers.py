"""Those who follow a run, and what each was told."""

import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path

from automation.models import Run
from tests.chaos.console_client import ConsoleClient, Refusal, Trouble
from tests.fixtures.workers import started

PAUSE_SECONDS = 0.3
WITHIN_SECONDS = 60


@dataclass
class Told:
    """What the API reported about one job: its lines, and finally its status."""

    job_id: str
    lines: list[str] = field(default_factory=list)
    last: int = 0
    status: str = ""
    complaints: list[str] = field(default_factory=list)

    def ask(self, client: ConsoleClient) -> None:
        answer = client.get(f"/api/jobs/{self.job_id}/logs?after={self.last}&limit=100")
        for line in answer["lines"]:
            if line["line_number"] != self.last + 1:
                self.complaints.append(f"line {line['line_number']} came after line {self.last}")
            self.lines.append(line["content"])
            self.last = line["line_number"]
        if answer["finished"]:
            self.status = answer["status"]


def follow(run: Run, client: ConsoleClient, is_over: threading.Event) -> list[Told]:
    """Poll until every job is reported to have ended, or everything is over."""
    told = [Told(str(job_id)) for job_id in run.jobs.values_list("job_id", flat=True)]
    while waiting := [each for each in told if not each.status]:
        for each in waiting:
            try:
                each.ask(client)
            except Trouble:
                pass
            except Refusal as refusal:
                each.complaints.append(f"was refused: {refusal}")
        if is_over.wait(PAUSE_SECONDS):
            break
    return told


class Command:
    """A real `run_playbook` that launches and follows."""

    def __init__(self, arguments: list[str], output: Path) -> None:
        self.output = output
        self.process = started(["run_playbook", *arguments], output)

    @property
    def printed(self) -> str:
        return self.output.read_text(errors="replace")

    @property
    def has_launched(self) -> bool:
        """True once it has printed its jobs, and so follows them."""
        return "\nJob " in self.printed

    def wait(self, is_over: threading.Event) -> int | None:
        """Its exit status; None if it was still following when everything was over."""
        while not is_over.is_set():
            try:
                return self.process.wait(1)
            except subprocess.TimeoutExpired:
                continue
        try:
            return self.process.wait(WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None
