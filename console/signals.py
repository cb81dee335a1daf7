"""What pages and endpoints announce to whoever keeps a record of it."""

from django.dispatch import Signal

# A person was turned away. Sender: None. Argument: request.
access_denied = Signal()

# A list is about to be sent as a file. Sender: its model. Arguments: name ("audit_lines"), details
# (a dict: format, rows, filters, search). An error of a receiver stops the export.
list_exported = Signal()
