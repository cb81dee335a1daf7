"""What the command search finds: jobs by start of id, runs by number, playbooks to launch."""

from collections.abc import Iterator
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from console.objects import row_key

from .models import Job, Playbook, Run


def find_jobs(text: str) -> QuerySet[Job]:
    """Jobs whose id starts with the text, from eight digits on."""
    digits = text.replace("-", "")
    try:
        UUID(digits.ljust(32, "0"))
    except ValueError:
        return Job.objects.none()
    if len(digits) < 8:
        return Job.objects.none()
    return Job.objects.recent().filter(job_id__startswith=text)


def find_runs(text: str) -> QuerySet[Run]:
    """The run for "run 105", "#105" or "105"."""
    number = text.lower().removeprefix("run").strip().removeprefix("#")
    return Run.objects.select_related("playbook").filter(pk=row_key(number))


def find_launches(request: HttpRequest, rest: str) -> Iterator[tuple[str, str]]:
    """The launch form; with a name after the verb, that of matching playbooks."""
    form = reverse("automation:job_launch")
    if not rest:
        yield "Run a playbook", form
        return
    for playbook in Playbook.objects.active().filter(name__icontains=rest)[:10]:
        yield f"Run {playbook}", f"{form}?playbook={playbook.pk}"
