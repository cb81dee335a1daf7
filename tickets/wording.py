"""Titles and descriptions of tickets that failed jobs open."""

from collections.abc import Iterable, Sequence
from textwrap import indent
from typing import Any

from automation.ansi import plain
from automation.models import Job

CODE = "    "
# Replaces the words of a title that differ between servers.
DIFFERS = "…"
TITLE_LENGTH = 200
NAMED = 5


def title_of(job: Job) -> str:
    what = job.failed_task or Job.FailureKind(job.failure_kind).label
    return f"{_occasion(job)}{what}"[:TITLE_LENGTH]


def title_for_both(title: str, first: Job, job: Job) -> str:
    """The title of `first`, shortened to fit `job` too: “Restart nginx on …”.

    Unchanged if the tasks' names agree, or if somebody has edited the title.
    """
    occasion = _occasion(first)
    known = title.removeprefix(occasion)
    is_ours = title == title_of(first) or (title.startswith(occasion) and DIFFERS in known.split())
    if not (is_ours and job.failed_task) or title == title_of(job):
        return title
    return f"{occasion}{_in_common(known, job.failed_task) or job.failed_place}"[:TITLE_LENGTH]


def _occasion(job: Job) -> str:
    return f"{job.playbook} failed in {job.server.environment}: "


def _in_common(one: str, other: str) -> str:
    """The words that both begin and end with, with “…” for those between; "" if there are none."""
    words, others = one.split(), other.split()
    begin = _equal_at_start(words, others)
    end = _equal_at_start(words[begin:][::-1], others[begin:][::-1])
    if begin == len(words) == len(others):
        return one
    kept = [*words[:begin], DIFFERS, *words[len(words) - end :]]
    return " ".join(kept) if len(kept) > 1 else ""


def _equal_at_start(words: list[str], others: list[str]) -> int:
    """The number of leading words that are equal; “…” equals only itself."""
    pairs = zip(words, others, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(words), len(others)))


def title_of_host(job: Job, host: dict[str, Any]) -> str:
    """For an item of Run.other_hosts; `job` is one of the run."""
    what = host["task"] or Job.FailureKind(host["failure_kind"]).label
    return f"{job.playbook} failed on {host['host']}: {what}"[:TITLE_LENGTH]


def describe_failed_hosts(job: Job, hosts: Sequence[dict[str, Any]]) -> str:
    """The description in Markdown, for items of Run.other_hosts that failed."""
    each = [f"{_named(host)}:\n\n{indent(host['message'], CODE)}" for host in hosts[:NAMED]]
    parts = [
        f"{job.playbook} succeeded on its servers and failed elsewhere, launched by {job.user}.",
        *each,
        f"and on {len(hosts) - NAMED} more hosts" if len(hosts) > NAMED else "",
        f"[{job.run}]({job.run.get_absolute_url()}#other-hosts)",
    ]
    return "\n\n".join(part for part in parts if part)


def _named(host: dict[str, Any]) -> str:
    where = "On the controller" if host["kind"] == "controller" else "On a host that a task added"
    return f"{where}, {host['host']}"


def describe_failure(job: Job, last_lines: Iterable[str]) -> str:
    """The description in Markdown, with the playbook's output verbatim."""
    lines = "\n".join(map(plain, last_lines))
    parts = [
        f"{job.playbook} failed on {job.server} ({job.server.environment}), "
        f"launched by {job.user}.",
        _task(job),
        indent(job.error_message, CODE),
        f"Last lines:\n\n{indent(lines, CODE)}" if lines else "",
        f"[Job {job.job_id}]({job.get_absolute_url()})",
    ]
    return "\n\n".join(part for part in parts if part)


def _task(job: Job) -> str:
    place = f" ({job.failed_place})" if job.failed_place else ""
    return f"Failing task: {job.failed_task}{place}" if job.failed_task else ""
