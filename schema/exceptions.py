"""Exceptions shared by all apps."""


class Refused(Exception):
    """The row's state does not allow this verb, such as cancelling a job that has finished.

    The message is for the user: pages show it, and the API answers 409 with it. For an invalid
    value raise ValidationError instead, for a missing permission PermissionDenied.
    """
