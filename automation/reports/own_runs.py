"""A user's last runs, to run them again."""

from accounts.models import User
from automation.models import Run

from .run_servers import attach_where

# How many of the newest runs are searched: finding one's own among a million would take a while.
NEWEST = 500
SHOWN = 5
COLUMNS = ("pk", "launched_by_id", "playbook_id", "state", "outcome", "playbook__name")


def last_runs_of(person: User) -> list[Run]:
    """The user's last ended run of each playbook, newest first, with `where`.

    Two queries, or one if there are none.
    """
    if not person.has_perm("automation.launch_playbook"):
        return []
    newest: dict[int, Run] = {}
    for run in Run.objects.select_related("playbook").only(*COLUMNS).order_by("-id")[:NEWEST]:
        if run.launched_by_id == person.pk and run.state == Run.State.FINISHED:
            newest.setdefault(run.playbook_id, run)
    runs = list(newest.values())[:SHOWN]
    attach_where(runs)
    return runs
