"""What automation announces. Receivers run inside the transaction that made it true."""

from django.dispatch import Signal

# A job has reached its end. Arguments: job (Job), outcome (automation.models.Outcome).
job_finished = Signal()
