"""Options of a launch besides playbook, servers and variables: columns of Run."""

import re
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

# By Ansible's own flag, where there is one.
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

# A single line that can be stored; lone surrogates ("\ud800" in JSON) cannot.
TASK_NAME = re.compile(r"[^-\s][^\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]*")

validate_tag_list = RegexValidator(
    r"^\w[\w.:-]*(,\w[\w.:-]*)*\Z", "Enter comma-separated tags, e.g. “web,config”."
)


def validate_task_name(name: str) -> None:
    """Forbids a leading “-”, which Ansible would read as another option."""
    if not TASK_NAME.fullmatch(name):
        raise ValidationError("A task name is one line and does not begin with “-” or a space.")


def validate_deadline(seconds: int) -> None:
    if not 1 <= seconds <= settings.RUN_DEADLINE_MAX_SECONDS:
        raise ValidationError(
            f"Enter a number of seconds from 1 to {settings.RUN_DEADLINE_MAX_SECONDS}."
        )


class RunOptions(models.Model):
    """The columns of the options."""

    check_mode = models.BooleanField("check", default=False, db_default=False)
    diff_mode = models.BooleanField("diff", default=False, db_default=False)
    tags = models.CharField(max_length=500, blank=True, default="", validators=[validate_tag_list])
    skip_tags = models.CharField(
        max_length=500, blank=True, default="", validators=[validate_tag_list]
    )
    start_at_task = models.CharField(
        max_length=255, blank=True, default="", db_default="", validators=[validate_task_name]
    )
    verbosity = models.SmallIntegerField(
        default=0, db_default=0, validators=[MinValueValidator(0), MaxValueValidator(4)]
    )
    forks = models.SmallIntegerField(
        default=5, db_default=5, validators=[MinValueValidator(1), MaxValueValidator(500)]
    )
    become = models.BooleanField(default=False, db_default=False)
    deadline_seconds = models.IntegerField(validators=[validate_deadline])
    # How long it may print nothing. NULL: only its deadline counts.
    idle_deadline_seconds = models.IntegerField(
        null=True, blank=True, validators=[validate_deadline]
    )

    class Meta:
        abstract = True

    def options(self) -> dict[str, Any]:
        """The options that differ from the defaults, by name."""
        usual = self.usual_options()
        given = {name: getattr(self, name) for name in OPTIONS}
        return {name: value for name, value in given.items() if value != usual[name]}

    def usual_options(self) -> dict[str, Any]:
        """The defaults."""
        usual = {name: self._default_of(name) for name in OPTIONS}
        return usual | {"deadline_seconds": settings.RUN_DEADLINE_SECONDS}

    def _default_of(self, name: str) -> Any:
        return cast(models.Field, self._meta.get_field(name)).get_default()
