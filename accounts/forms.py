"""The login form."""

from typing import ClassVar

from unfold.forms import AuthenticationForm


class LogInForm(AuthenticationForm):
    # The same message for an unknown name, a wrong password and a deactivated user.
    error_messages: ClassVar = {
        "invalid_login": "Wrong user name or password.",
        "inactive": "Wrong user name or password.",
    }
