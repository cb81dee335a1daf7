"""What measurements need: an operator, this machine as a server, playbooks."""

from datetime import datetime
from typing import Any

import yaml
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from automation import launching
from automation.launching import Launch
from automation.models import Job, Playbook, Run
from inventory.models import Server


def operator() -> User:
    known = User.objects.filter(username="bench").first()
    return known or User.objects.create_user("bench", "bench@example.com", role=User.Role.OPERATOR)


def this_machine() -> Server:
    """Without SSH and with this Python, so that only the playbook takes time."""
    python = "{{ ansible_playbook_python }}"
    variables = {"ansible_connection": "local", "ansible_python_interpreter": python}
    fields = {"ip_address": "127.0.0.1", "variables": variables}
    return Server.objects.get_or_create(hostname="bench", defaults=fields)[0]


def machines(count: int) -> list[Server]:
    """This machine under `count` names, each with its own jobs."""
    if count == 1:
        return [this_machine()]
    local = {"variables": this_machine().variables, "ip_address": "127.0.0.1"}
    names = [f"bench{number}" for number in range(count)]
    return [Server.objects.get_or_create(hostname=name, defaults=local)[0] for name in names]


def playbook(name: str, tasks: list[dict[str, Any]]) -> Playbook:
    """A registered playbook with one play, without facts."""
    plays = [{"name": name, "hosts": "all", "gather_facts": False, "tasks": tasks}]
    file = settings.PLAYBOOK_ROOT / f"{name}.yml"
    file.write_text(yaml.safe_dump(plays, sort_keys=False))
    row = Playbook(name=name, file_path=file.name)
    row.full_clean()
    row.save()
    return row


def launch(playbook: Playbook, servers: list[Server]) -> Run:
    return launching.launch(operator(), Launch(playbook=playbook, servers=servers)).run


def launched(playbook: Playbook, servers: list[Server] | None = None) -> tuple[Run, datetime]:
    """The run (on this machine by default), and the time at which its launch was committed."""
    moments: list[datetime] = []
    with transaction.atomic():
        # The first callback after the commit, before the wake-up is queued.
        transaction.on_commit(lambda: moments.append(timezone.now()))
        run = launch(playbook, servers or [this_machine()])
    return run, moments[0]


def succeeded(run: Run) -> Job:
    """The finished run's job.

    Raises unless it succeeded: anything else would distort the result.
    """
    return all_succeeded(run)[0]


def all_succeeded(run: Run) -> list[Job]:
    jobs = list(run.jobs.all())
    for job in jobs:
        if job.status != Job.Status.SUCCESS:
            raise RuntimeError(f"{job} is {job.status}: {job.error_message}")
    return jobs
