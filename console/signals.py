"""What pages and endpoints announce for the record, and the clock of the worker."""

from django.dispatch import Signal

# A user was denied access. Sender: None. Argument: request.
access_denied = Signal()

# A form or a request came without a valid CSRF token. Sender: None. Arguments: request, reason.
csrf_failed = Signal()

# A list is about to be exported. Sender: its model. Arguments: name ("audit_lines"), details (a
# dict: format, rows, filters, search). An error in a receiver stops the export.
list_exported = Signal()

# A worker sends this every minute, or somewhat later while all are busy; with several workers
# perhaps twice. Sender: None. An error in a receiver is logged and keeps nothing else from running.
minute_passed = Signal()
