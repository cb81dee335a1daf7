"""What automation announces. Receivers run inside the transaction that made it true."""

from django.dispatch import Signal

# A job has reached its end. Arguments: job (Job), outcome (automation.models.Outcome).
job_finished = Signal()

# A launch is about to become a run, or is rehearsed, or a run that has waited is about to be taken.
# Arguments: run (Run; without a key until it is saved, its secrets sealed), servers (list[Server]),
# actor (User). A receiver answers an iterable of automation.models.Violation, or None, and does
# nothing else: it is asked for each rehearsal too. One that raises, or answers something else,
# has said no.
launch_checked = Signal()
