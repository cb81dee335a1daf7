"""Forms that ask for a user's own password: to log in, to change it, and to confirm."""

from typing import Any, ClassVar, cast

from django import forms
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from unfold.forms import AdminOwnPasswordChangeForm, AuthenticationForm

from .known_browsers import source_of
from .models import FailedAttempts, User

LOG_IN, PASSWORD = FailedAttempts.Kind.LOG_IN, FailedAttempts.Kind.PASSWORD
LONGEST_NAME = cast(int, User._meta.get_field("username").max_length)


class LogInForm(AuthenticationForm):
    # The same message for an unknown name, a wrong password and a deactivated user.
    error_messages: ClassVar = {
        "invalid_login": "Wrong user name or password.",
        "inactive": "Wrong user name or password.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "User name"

    def clean(self) -> dict[str, Any]:
        """Like Django's, but a name with too many failures has to wait before anything is checked.

        Names that nobody has wait in the same way.
        """
        name, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if name is None or not password:
            return self.cleaned_data
        self.user_cache = FailedAttempts.objects.trying(
            LOG_IN,
            name,
            lambda: self._authenticate(name, password),
            source=source_of(self.request, name),
        )
        if self.user_cache is None:
            raise self.get_invalid_login_error()
        return self.cleaned_data

    def _authenticate(self, name: str, password: str) -> Any:
        """The user; nobody for a name longer than any.

        Attempts count by the beginning of such a name, and MySQL would find users by many: it
        ignores invisible characters.
        """
        if len(name) > LONGEST_NAME:
            return None
        return authenticate(self.request, username=name, password=password)


class OwnPasswordField(forms.CharField):
    """The password of whoever sends the form."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"strip": False, "max_length": 4096, **kwargs})

    @staticmethod
    def check(user: User, password: str) -> None:
        """Raise ValidationError unless it is the user's password; TooManyAttempts is one too."""
        if not password:
            raise ValidationError("Enter your own password.", code="required")
        name = user.username
        if not FailedAttempts.objects.trying(PASSWORD, name, lambda: user.check_password(password)):
            raise ValidationError("This is not your password.", code="password_incorrect")


class ChangePasswordForm(AdminOwnPasswordChangeForm):
    """One's own new password, with the old one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        old, new, again = (
            self.fields[name] for name in ("old_password", "new_password1", "new_password2")
        )
        old.label, new.label, again.label = "Current password", "New password", "Repeat password"
        new.help_text = "At least 10 characters. Not common, not only digits, not like your name."
        again.help_text = ""

    def clean_old_password(self) -> str:
        given = self.cleaned_data["old_password"]
        OwnPasswordField.check(self.user, given)
        return given

    def clean(self) -> dict[str, Any] | None:
        given = super().clean()
        old, new = self.cleaned_data.get("old_password"), self.cleaned_data.get("new_password2")
        if new and old == new:
            self.add_error("new_password2", "Choose another password than the current one.")
        return given

    def save(self, commit: bool = True) -> User:
        self.user.must_change_password = False
        return super().save(commit)
