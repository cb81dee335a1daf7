"""What must hold for lines, for the reasons given, and for what followers were told."""

from automation.ansi import plain
from automation.models import Job, JobLog
from tests.chaos.followers import Command, Told
from tests.chaos.invariants import CHECKS, Ended, Evidence, must_hold
from tests.chaos.load import Story
from tests.chaos.printed import BROKEN_OFF, deviation, recap_in

Kind = Job.FailureKind
HEADINGS = ("PLAY", "TASK", "RUNNING HANDLER")
# These and those in invariants, by what they claim.
__all__ = ["CHECKS"]
EXIT_STATUS = {"success": 0, "skipped": 0, "failed": 2, "cancelled": 3}
# A killed main process is followed by the end of its children, which is noted after it was done.
CLUSTERS = {
    "process_killed",
    "supervisor_killed",
    "cluster_killed",
    "cluster_stuck",
    "cluster_restarted",
}
ANSIBLE = {"ansible_killed", "disk_full", "everything_at_once"}
# Possible causes of such failures. A database outage is no reason for any of them.
CAUSES = {
    Kind.WORKER_LOST: {"worker_killed", "worker_suspended", "everything_at_once", *CLUSTERS},
    Kind.INTERNAL: {"disk_full", "everything_at_once"},
    Kind.TASK_FAILED: ANSIBLE,
    Kind.NOT_REACHED: ANSIBLE,
    Kind.ANSIBLE_ERROR: ANSIBLE,
    Kind.UNREACHABLE: ANSIBLE,
}


@must_hold("Lines are numbered without a gap")
def lines_without_gap(evidence: Evidence) -> list[str]:
    wrong = []
    for ended in evidence.ended:
        logs = JobLog.objects.filter(job=ended.job).order_by("line_number")
        numbers = list(logs.values_list("line_number", flat=True))
        if numbers != list(range(1, len(numbers) + 1)):
            wrong.append(f"{ended} has lines {numbers}")
    return wrong


@must_hold("Lines are those of an undisturbed run, or its beginning")
def lines_agree(evidence: Evidence) -> list[str]:
    wrong = []
    for ended in evidence.ended:
        wanted = ended.reference.lines
        place = deviation(ended.lines, wanted)
        if place is not None and (ended.went_as_planned or not _breaks_off(ended, place)):
            other = wanted[place] if place < len(wanted) else "nothing"
            wrong.append(f"{ended}: line {place + 1} is “{ended.lines[place]}”, not “{other}”")
        elif place is None and ended.went_as_planned and len(ended.lines) < len(wanted):
            wrong.append(f"{ended} has {len(ended.lines)} of {len(wanted)} lines")
    return wrong


def _breaks_off(ended: Ended, place: int) -> bool:
    """True if nothing follows but an interruption, or headings of other servers' tasks."""
    first, *_ = follows = ended.lines[place:]
    tells_of_a_step = any(line.startswith(("changed:", "ok:")) for line in follows)
    return not tells_of_a_step and (bool(BROKEN_OFF.match(first)) or first.startswith(HEADINGS))


@must_hold("Lines tell of no step that was not done")
def lines_are_true(evidence: Evidence) -> list[str]:
    return [
        f"{ended}: {count} steps are told, {len(ended.steps)} were done"
        for ended in evidence.ended
        for count in [sum(line.startswith("changed:") for line in ended.lines)]
        if count > len(ended.steps)
    ]


@must_hold("Counts are those of the recap")
def counts_agree(evidence: Evidence) -> list[str]:
    wrong = []
    for ended in evidence.ended:
        recap, counts = recap_in(ended.lines), ended.job.counts
        if counts and counts != recap:
            wrong.append(f"{ended}: counts {counts}, recap {recap}")
        if ended.went_as_planned and counts != ended.reference.counts:
            wrong.append(f"{ended}: counts {counts}, undisturbed {ended.reference.counts}")
    return wrong


@must_hold("The reason that is given is the true one")
def reasons_are_true(evidence: Evidence) -> list[str]:
    return [
        f"{ended}: “{ended.job.error_message[:300]}” ({problem})"
        for ended in evidence.ended
        if (problem := _problem_with_reason(ended, evidence))
    ]


def _problem_with_reason(ended: Ended, evidence: Evidence) -> str:
    job, journal = ended.job, evidence.world.journal
    if ended.went_as_planned or job.is_active or job.completed_at is None:
        return ""
    if job.status == Job.Status.CANCELLED:
        return _problem_with_cancel(ended, evidence)
    if job.status != Job.Status.FAILED:
        return f"undisturbed it is {ended.reference.status}"
    causes = CAUSES.get(Kind(job.failure_kind), set())
    if not journal.explains(causes, job.started_at, job.completed_at):
        return "nothing that was done to it explains that"
    if job.failure_kind == Kind.INTERNAL and "RUN_ROOT" not in job.error_message:
        return "RUN_ROOT is not named"
    return ""


def _problem_with_cancel(ended: Ended, evidence: Evidence) -> str:
    job, journal = ended.job, evidence.world.journal
    assert job.completed_at is not None
    if "its worker was stopped" in job.error_message:
        was_stopped = journal.explains({"cluster_stopped"}, job.started_at, job.completed_at)
        return "" if was_stopped else "nobody stopped it"
    by = f"Cancelled by {evidence.world.actor}."
    was_asked = ended.run.cancel_requested_at is not None
    return "" if was_asked and job.error_message == by else "nobody asked for that"


@must_hold("Followers of the API were told the truth")
def api_told_the_truth(evidence: Evidence) -> list[str]:
    wrong = []
    for story, run in evidence.runs:
        jobs = {str(job.job_id): job for job in run.jobs.all()}
        for told in story.told:
            wrong += [f"{story}: {text}" for text in _lies_in(told, jobs[told.job_id])]
    return wrong


def _lies_in(told: Told, job: Job) -> list[str]:
    lies = list(told.complaints)
    contents = list(job.logs.order_by("line_number").values_list("content", flat=True))
    if told.status and told.status != job.status:
        lies.append(f"{told.status} was told, it is {job.status}")
    if told.status and told.lines != contents:
        lies.append(f"{len(told.lines)} lines were told as all, there are {len(contents)}")
    if not told.status and not job.is_active:
        lies.append(f"no end was told, it is {job.status}")
    return lies


@must_hold("`run_playbook` showed each line and the true end")
def command_told_the_truth(evidence: Evidence) -> list[str]:
    wrong = []
    for story, run in evidence.runs:
        # A launch whose answer was lost has told nobody about its run, which is not a violation.
        if story.command is not None and story.command.has_launched:
            jobs = list(run.jobs.select_related("server"))
            wrong += [f"{story}: {text}" for text in _lies_of(story, story.command, jobs)]
    return wrong


def _lies_of(story: Story, command: Command, jobs: list[Job]) -> list[str]:
    statuses = {EXIT_STATUS.get(job.status, 1) for job in jobs}
    wanted = next((status for status in (2, 3, 0) if status in statuses), None)
    if story.exit_status != wanted:
        said = command.printed.strip().splitlines()[-1:]
        return [
            f"it ended with {story.exit_status} and not {wanted}, and its last words were {said}"
        ]
    lies = []
    for job in jobs:
        contents = job.logs.order_by("line_number").values_list("content", flat=True)
        lines = [part for content in contents for part in plain(content).split("\n")]
        lies += _lies_about(job, lines, command.printed.splitlines(), is_alone=len(jobs) == 1)
    return lies


def _lies_about(job: Job, lines: list[str], printed: list[str], *, is_alone: bool) -> list[str]:
    prefix = f"{job.server}: "
    end = f"{prefix}{job.get_status_display()}"
    if not any(line.startswith(end) for line in printed):
        return [f"“{end}” was not said"]
    if is_alone:
        last = next(n for n, line in enumerate(printed) if line.startswith(end))
        shown = printed[last - len(lines) : last]
    else:
        ours = [line.removeprefix(prefix) for line in printed if line.startswith(prefix)]
        shown = ours[: len(lines)]
    return [] if shown == lines else [f"of {job.server} it did not show the {len(lines)} lines"]
