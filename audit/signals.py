"""What the audit trail announces, and what it asks the apps above it."""

from django.dispatch import Signal

# A line was written. Sender: the model of its object (AuditLog if it has none), so that receivers
# for one model cost the others nothing. Arguments: line, action ("job.finished"), object (or None),
# actor (a user, or None), details (as in the line: redacted, with the names of actor and object).
#
# Receivers run inside the transaction of the change, each in a savepoint, and run again if that
# transaction is retried: they write rows and do nothing else. Anything that leaves the machine (a
# mail, a request, a wake-up) is queued with transaction.on_commit. An error in a receiver undoes
# what that receiver wrote; it is logged and recorded as "receiver.failed", which is not announced,
# and the change stands. Only errors that end the transaction (a deadlock, a lost connection: see
# schema/retrying.py) are raised, as all of it is then repeated. Lines that receivers record are
# announced too, up to a depth (announcing.DEEPEST) that only receivers in a loop reach.
recorded = Signal()

# Which other objects' lines belong in this object's story? Sender: its model. Argument: object.
# Receivers return a Chapter (audit.story) or None, and may spend one query bounded by an index.
story_asked = Signal()
