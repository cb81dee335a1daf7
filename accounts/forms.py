"""The login form."""

from typing import Any, ClassVar

from unfold.forms import AuthenticationForm


class LogInForm(AuthenticationForm):
    # The same message for an unknown name, a wrong password and a deactivated user.
    error_messages: ClassVar = {
        "invalid_login": "Wrong user name or password.",
        "inactive": "Wrong user name or password.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "User name"
