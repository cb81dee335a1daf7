"""What must hold when everything is over. Each check yields violations in words."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from audit.models import AuditLog
from automation.models import Job, Run, ServerLock
from tests.chaos.leavings import Leavings
from tests.chaos.load import Story
from tests.chaos.plan import Launch
from tests.chaos.printed import Reference, jobs_of, lines_of, steps_in
from tests.chaos.witness import End, seen
from tests.chaos.world import World
from tickets.models import Ticket, TicketOccurrence, failure_key


@dataclass(frozen=True)
class Ended:
    """A job at the very end."""

    story: Story
    run: Run
    job: Job
    lines: list[str]
    reference: Reference
    steps: list[str]

    def __str__(self) -> str:
        reason = self.job.failure_kind and f", {self.job.failure_kind}"
        return f"{self.story}, {self.job.server}: {self.job.status}{reason}"

    @property
    def went_as_planned(self) -> bool:
        """True if it ended as it does undisturbed, so that all of it must be there."""
        job, wanted = self.job, self.reference
        return (job.status, job.failed_task) == (wanted.status, wanted.failed_task)


@dataclass(frozen=True)
class Evidence:
    world: World
    stories: list[Story]
    references: dict[tuple[str, int], list[Reference]]
    ends: dict[int, End]
    leavings: Leavings

    @cached_property
    def ended(self) -> list[Ended]:
        steps = steps_in(self.world.marks)
        return [
            Ended(story, run, job, lines_of(job, story.launch.mark), reference, steps[place])
            for story, run in self.runs
            for job, reference in zip(jobs_of(run), self.wanted(story.launch), strict=True)
            for place in [(story.launch.mark, job.server.hostname)]
        ]

    @cached_property
    def runs(self) -> list[tuple[Story, Run]]:
        known = self.world.runs().select_related("playbook").in_bulk()
        return [(story, known[story.run_id]) for story in self.stories if story.run_id]

    def wanted(self, launch: Launch) -> list[Reference]:
        return self.references[launch.shape]


Check = Callable[[Evidence], list[str]]
CHECKS: dict[str, Check] = {}


def must_hold(claim: str) -> Callable[[Check], Check]:
    def kept(check: Check) -> Check:
        CHECKS[claim] = check
        return check

    return kept


@must_hold("Every run ends in time")
def ends_in_time(evidence: Evidence) -> list[str]:
    open_runs = [(story, run) for story, run in evidence.runs if run.state != Run.State.FINISHED]
    active = [ended for ended in evidence.ended if ended.job.is_active]
    return [f"{story} is still {run.state}" for story, run in open_runs] + [
        f"{ended} though its run has ended"
        for ended in active
        if ended.run.state == Run.State.FINISHED
    ]


@must_hold("One run for each launch")
def one_run_each(evidence: Evidence) -> list[str]:
    runs = defaultdict(list)
    for run in evidence.world.runs():
        runs[run.extra_vars["mark"]].append(run.pk)
    wrong = [f"{mark} was launched as runs {pks}" for mark, pks in runs.items() if len(pks) > 1]
    return wrong + [f"{story}: {text}" for story in evidence.stories for text in story.complaints]


@must_hold("An end is written once, and nothing after it")
def ends_once(evidence: Evidence) -> list[str]:
    wrong = []
    for story, run in evidence.runs:
        before, now = evidence.ends.get(run.pk), seen(run)
        if before is not None and before != now:
            wrong.append(f"{story} changed after its end: {_difference(before, now)}")
    for ended in evidence.ended:
        ends = AuditLog.objects.about(ended.job).filter(action="job.finished").count()
        if ends != 1 and not ended.job.is_active:
            wrong.append(f"{ended}: its end is recorded {ends} times")
    return wrong


def _difference(before: End, now: End) -> str:
    if before.outcome != now.outcome:
        return f"{before.outcome} became {now.outcome}"
    changed = [(was, now.jobs[pk]) for pk, was in before.jobs.items() if now.jobs[pk] != was]
    return "; ".join(
        f"{was} became {then} (status, reason, lines, results)" for was, then in changed
    )


@must_hold("Each step is done at most once, and in order")
def steps_once(evidence: Evidence) -> list[str]:
    return [
        f"{ended} did {ended.steps}, undisturbed it does {ended.reference.steps}"
        for ended in evidence.ended
        if ended.steps != ended.reference.steps[: len(ended.steps)]
    ]


@must_hold("Success means that every step was done")
def success_is_whole(evidence: Evidence) -> list[str]:
    return [
        f"{ended} did only {ended.steps} of {ended.reference.steps}"
        for ended in evidence.ended
        if ended.job.status == Job.Status.SUCCESS and ended.steps != ended.reference.steps
    ]


@must_hold("Audit: one line each for launch, start, cancel, end")
def audit_is_complete(evidence: Evidence) -> list[str]:
    wrong = []
    for story, run in evidence.runs:
        wanted = {
            "run.launched": 1,
            "run.started": int(run.claim_token is not None),
            "run.cancel_requested": int(run.cancel_requested_at is not None),
            "run.finished": int(run.state == Run.State.FINISHED),
        }
        of_run = AuditLog.objects.about(run)
        found = {action: of_run.filter(action=action).count() for action in wanted}
        if found != wanted:
            wrong.append(f"{story}: {found} and not {wanted}")
    return wrong


@must_hold("A cancel that was taken is kept")
def cancels_are_kept(evidence: Evidence) -> list[str]:
    return [
        f"{story} was cancelled, and its row does not say so"
        for story, run in evidence.runs
        if story.was_cancelled and run.cancel_requested_at is None
    ]


@must_hold("One unresolved ticket for each failure, with each failed job on it")
def tickets_agree(evidence: Evidence) -> list[str]:
    jobs = Job.objects.filter(run__in=evidence.world.runs()).select_related("server")
    failed = {job.pk: failure_key(job) for job in jobs.filter(status=Job.Status.FAILED)}
    of_jobs = TicketOccurrence.objects.filter(job__in=jobs)
    found = dict(of_jobs.values_list("job_id", "ticket__open_key"))
    wrong = [
        f"job {pk}: on the ticket of {found.get(pk)}, its failure is {failed.get(pk)}"
        for pk in sorted(failed.keys() | found.keys())
        if found.get(pk) != failed.get(pk)
    ]
    opened = Ticket.objects.filter(occurrences__in=of_jobs).distinct()
    if opened.count() != len(set(failed.values())):
        wrong.append(f"{opened.count()} tickets for {len(set(failed.values()))} failures")
    keys = [str(key) for key in opened.values_list("ticket_id", flat=True)]
    told = AuditLog.objects.filter(resource_type="ticket", resource_id__in=keys)
    lines = told.filter(action="ticket.opened").count()
    return wrong + ([f"{lines} are recorded as opened"] if lines != opened.count() else [])


@must_hold("No server stays locked")
def no_locks(evidence: Evidence) -> list[str]:
    locks = ServerLock.objects.filter(server__in=evidence.world.servers)
    return [f"{lock.server} is locked by run {lock.run_id}" for lock in locks]


@must_hold("No folder stays behind")
def no_folders(evidence: Evidence) -> list[str]:
    return evidence.leavings.folders()


@must_hold("No process stays behind")
def no_processes(evidence: Evidence) -> list[str]:
    return [str(pid) for pid in evidence.leavings.processes()]
