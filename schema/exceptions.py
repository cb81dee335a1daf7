"""Errors that the apps share."""


class Refused(Exception):
    """A verb that the row's state does not allow: cancelling a job that has ended.

    The message is for the person who asked. The API answers 409, pages show it. A bad value is a
    ValidationError instead, a missing right PermissionDenied.
    """
