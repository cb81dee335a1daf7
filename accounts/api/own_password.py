"""One's own password in the body of a request, for what an open session alone may not do."""

from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework import serializers
from rest_framework.exceptions import Throttled, ValidationError

from accounts.forms import OwnPasswordField
from accounts.models import TooManyAttempts, User


def own_password_field(help_text: str) -> serializers.CharField:
    return serializers.CharField(
        required=False,
        write_only=True,
        trim_whitespace=False,
        max_length=4096,
        help_text=help_text,
    )


def check_own_password(user: User, password: str) -> None:
    """Raise ValidationError for the field unless this is the user's password; 429 if too often."""
    try:
        OwnPasswordField.check(user, password)
    except TooManyAttempts as error:
        raise Throttled(error.seconds, "Too many wrong passwords.") from None
    except DjangoValidationError as error:
        raise ValidationError({"own_password": error.messages}) from None
