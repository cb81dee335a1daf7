"""Signals of automation. Receivers run inside the transaction of the change."""

from django.dispatch import Signal

# A job has ended. Arguments: job (Job), outcome (automation.models.Outcome).
job_finished = Signal()

# A run has ended in which no job failed, but a host without a job did: the controller, or one that
# a task added. Sent after job_finished. Arguments: run (Run), hosts (items of Run.other_hosts).
hosts_failed = Signal()

# A launch is about to become a run or is rehearsed, or a waiting run is about to be claimed.
# Arguments: run (Run; unsaved at a launch, secrets sealed), servers (list[Server]), actor (User). A
# receiver returns an iterable of automation.models.Violation, or None, and does nothing else, as
# rehearsals call it too. One that raises, or returns anything else, counts as a refusal.
launch_checked = Signal()
