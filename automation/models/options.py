"""What a launch may be asked for besides playbook, servers and variables: columns of Run."""

import re

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator

# By Ansible's own flags, where it has one.
OPTIONS = {
    "check_mode": "--check",
    "diff_mode": "--diff",
    "become": "--become",
    "tags": "--tags",
    "skip_tags": "--skip-tags",
    "start_at_task": "--start-at-task",
    "verbosity": "-v",
    "forks": "--forks",
    "deadline_seconds": "deadline",
    "idle_deadline_seconds": "idle deadline",
}

# One line of what can be stored: half of a character ("\ud800" in JSON) cannot.
TASK_NAME = re.compile(r"[^-\s][^\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]*")

validate_tag_list = RegexValidator(
    r"^\w[\w.:-]*(,\w[\w.:-]*)*\Z", "Tags are names with commas between them: “web,config”."
)


def validate_task_name(name: str) -> None:
    """What begins with “-” Ansible would take for another option."""
    if not TASK_NAME.fullmatch(name):
        raise ValidationError("A task's name is one line, and does not begin with “-” or a space.")


def validate_deadline(seconds: int) -> None:
    if not 1 <= seconds <= settings.RUN_DEADLINE_MAX_SECONDS:
        raise ValidationError(
            f"A deadline lies between 1 and {settings.RUN_DEADLINE_MAX_SECONDS} seconds."
        )
