"""What the trail announces, and what it asks the apps above it."""

from django.dispatch import Signal

# A line was written. Sender: the model of the object that it is about (AuditLog where it is about
# none), so that a receiver of one kind's lines costs the others nothing. Arguments: line, action
# ("job.finished"), object (or None), actor (a user, or None), details (as the line has them:
# redacted, with the names of actor and object).
#
# Receivers run inside the transaction of what the line tells, each in a savepoint, and are called
# again when that transaction is repeated: they write rows and do nothing else. What leaves the
# machine (a mail, a request, a wake-up) is queued with transaction.on_commit. An error of a
# receiver undoes what that receiver wrote; it is logged and recorded as "receiver.failed", which is
# not announced, and the change stands. Only an error that ends the transaction itself goes through
# (a deadlock, a lost connection: see schema/retrying.py), for all of it is then done again. Lines
# that a receiver records are announced in their turn, to a depth (announcing.DEEPEST) that only a
# circle of receivers reaches.
recorded = Signal()

# Which other objects' lines belong into the story of this one? Sender: its model. Argument: object.
# Receivers return a Chapter (audit.story) or None, at the price of one query that an index bounds.
story_asked = Signal()
