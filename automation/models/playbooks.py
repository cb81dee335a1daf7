"""playbooks: the registered playbooks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Self

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.urls import reverse

from accounts.editing import Editable
from accounts.models import User
from audit.models import AuditLog
from automation import variables
from automation.content import (
    ansible_config,
    imported_playbooks,
    play_hosts,
    playbook_files,
    prompts,
)
from inventory.ansible.names import reservations
from schema.exceptions import Refused
from schema.fields import CreatedAtField, DescriptionField, JSONShapeField, UpdatedAtField

from .option_rules import OptionRules


def not_accepted(names: Sequence[str]) -> str:
    """ "The playbook does not accept the variables a, b."."""
    which = "variable" if len(names) == 1 else "variables"
    return f"The playbook does not accept the {which} {', '.join(names)}."


def validate_labels(value: Any) -> None:
    if not isinstance(value, list) or not all(isinstance(label, str) for label in value):
        raise ValidationError('Tags must be a list of strings, like ["web", "nightly"].')


class PlaybookQuerySet(models.QuerySet["Playbook"]):
    def with_tag(self, tag: str) -> Self:
        """Filtered in Python: there are few, and no JSON list lookup works on every database."""
        tagged = self.model.objects.values_list("pk", "tags")
        return self.filter(pk__in=[pk for pk, tags in tagged if tag in tags])

    def whose_file_is(self, state: str) -> Self:
        """Playbooks by file_state: "unchanged", "changed" or "missing". Reads every file."""
        return self.filter(
            pk__in=[row.pk for row in self.model.objects.all() if row.file_state == state]
        )

    def active(self) -> Self:
        return self.filter(is_active=True)

    def accepting_undeclared(self) -> Self:
        return self.filter(accepts_undeclared=True)

    def connection_check(self) -> Playbook:
        """Our own playbook that tests whether Ansible can reach a server."""
        return self.get(file_path=f"{playbook_files.BUILTIN}check_connection.yml")


class Playbook(Editable, OptionRules):
    name = models.CharField(max_length=120, unique=True)
    description = DescriptionField(blank=True)
    file_path = models.CharField(
        "file",
        max_length=500,
        validators=[playbook_files.validate_file_path],
        help_text="Path in the playbook folder, such as site.yml or web/deploy.yml.",
    )
    file_hash = models.CharField(max_length=64, editable=False)
    tags = JSONShapeField(default=list, db_default=[], blank=True, validators=[validate_labels])
    variables = JSONShapeField(
        default=dict,
        db_default={},
        blank=True,
        validators=[variables.validate_schema],
        help_text="Variables that a launch asks for: "
        '{"version": {"type": "string", "required": true, "help": "…"}}.',
    )
    accepts_undeclared = models.BooleanField(
        "accepts undeclared variables",
        default=False,
        db_default=False,
        help_text="A launch may pass any variable, except those that control Ansible itself.",
    )
    working_directory = models.CharField(
        max_length=500,
        blank=True,
        default="",
        db_default="",
        help_text="Where its runs start, as a path in the playbook folder; “.” is that folder. "
        "Empty: the nearest folder with an ansible.cfg, from the playbook's own upwards.",
    )
    runs_localhost = models.BooleanField(
        "runs plays for localhost",
        default=False,
        db_default=False,
        help_text="A launch on some servers also runs the playbook's plays for localhost: on the "
        "worker itself, with the rights of its system user. A launch on a whole inventory always "
        "does, like ansible-playbook without --limit.",
    )
    is_active = models.BooleanField(
        "active", default=True, db_default=True, help_text="Inactive playbooks cannot be launched."
    )
    is_exclusive = models.BooleanField(
        "one run at a time",
        default=False,
        db_default=False,
        help_text="Another run waits until the current one has finished, on whatever servers.",
    )
    created_at = CreatedAtField()
    updated_at = UpdatedAtField()

    objects = PlaybookQuerySet.as_manager()

    class Meta:
        db_table = "playbooks"
        ordering = ["name"]
        permissions = [
            ("launch_playbook", "Can launch playbooks"),
            ("accept_playbook", "Can accept a changed file"),
            ("set_reserved_option", "Can set launch options that are reserved for admins"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("automation:playbook_detail", args=[self.pk])

    def clean_fields(self, exclude: Any = None) -> None:
        self.name, self.file_path = self.name.strip(), playbook_files.spelled_path(self.file_path)
        self.working_directory = ansible_config.spelled_folder(self.working_directory)
        super().clean_fields(exclude)

    def clean(self) -> None:
        """Hash a new or moved file (a changed one needs accept_file), and validate the name.

        A new playbook gets its variables from its prompts, unless some are given.
        """
        super().clean()
        if Playbook.objects.filter(name__iexact=self.name).exclude(pk=self.pk).exists():
            # Databases differ on which names are equal.
            raise ValidationError({"name": ["There is a playbook of that name already."]})
        try:
            self._check_working_directory()
        except ValidationError as error:
            raise ValidationError({"working_directory": error.messages}) from None
        if self.file_path and (not self.file_hash or self._is_moved()):
            current = self.current_hash()
            if current is not None:  # else the field's validator has reported it already
                self.file_hash = current
        if self._state.adding and not self.variables:
            self.variables = prompts.read_schema(self.plays())

    # Verbs

    @transaction.atomic
    def accept_file(self, actor: User) -> bool:
        """Accept the file as it is now, with any new prompts. False if it had not changed.

        Raises Refused if the file is missing or its prompts are invalid.
        """
        if not actor.has_perm("automation.accept_playbook"):
            raise PermissionDenied("Only admins can accept a changed playbook file.")
        current = self.current_hash()
        if current is None:
            raise Refused(f"The file {self.file_path} does not exist: there is nothing to accept.")
        if current == self.file_hash:
            return False
        old, self.file_hash = self.file_hash, current
        asked = self._take_prompts()
        self.save(update_fields=["file_hash", "updated_at", *(["variables"] if asked else [])])
        AuditLog.objects.record(
            "playbook.file_accepted",
            self,
            actor=actor,
            old_hash=old,
            new_hash=current,
            **({"prompts": asked} if asked else {}),
        )
        return True

    # Questions

    def exclusive_key(self) -> str | None:
        """The lock that its runs hold while they run, if only one may run at a time."""
        return f"playbook:{self.pk}" if self.is_exclusive else None

    @property
    def path(self) -> Path:
        return playbook_files.locate_file(self.file_path)

    @property
    def path_in_project(self) -> str:
        """Its path below its root, with links resolved, as ansible-playbook is given it."""
        return self.path.relative_to(playbook_files.root_of(self.file_path)).as_posix()

    @property
    def start(self) -> ansible_config.Start:
        """Where its runs start, as its files are now."""
        return ansible_config.find_start(self.file_path, self.working_directory)

    @property
    def has_working_directory(self) -> bool:
        try:
            self._check_working_directory()
        except ValidationError:
            return False
        return True

    def plays(self) -> list[dict[str, Any]]:
        """The plays of its file as it is now, and of the playbooks that it imports."""
        return imported_playbooks.plays_with_imported(self.file_path)

    def schema(self) -> dict[str, Any]:
        """Its variables, with template defaults of its own left to it, and secrets marked."""
        own = prompts.with_code_left_out(self.variables, self.plays)
        return variables.with_secrets_marked(own)

    def cleaned_values(self, given: Any) -> dict[str, Any]:
        """The values to run with, for those given. Raises ValidationError by variable."""
        extra = None if self.accepts_undeclared else self._prompted_besides(given)
        return variables.cleaned_values(self.schema(), given, extra)

    def undeclared_in(self, names: Collection[str]) -> list[str]:
        """Those of the names that a launch may not pass, although it might have been able to."""
        if self.accepts_undeclared:
            return []
        more = set(names) - self.variables.keys()
        return sorted(more.difference(prompts.names_in(self.plays()))) if more else []

    @property
    def warnings(self) -> list[str]:
        """Sentences about names of variables, and about plays that few launches run."""
        return [*reservations(list(self.variables)), *self._left_to_whole_inventories()]

    @property
    def is_builtin(self) -> bool:
        return self.file_path.startswith(playbook_files.BUILTIN)

    def current_hash(self) -> str | None:
        """The hash of the file as it is now; None if it is missing or outside its root."""
        try:
            return playbook_files.hash_of(self.path.read_bytes())
        except (OSError, ValidationError):
            return None

    @property
    def source(self) -> str:
        """The file's text as it is now; empty if it is missing."""
        try:
            return self.path.read_text(errors="replace")
        except (OSError, ValidationError):
            return ""

    def tag_words(self) -> list[tuple[str, str]]:
        """(text, text) for each tag: as URLs of lists have it, and as pages show it."""
        return [(str(tag), str(tag)) for tag in self.tags]

    @property
    def file_state(self) -> str:
        """ "unchanged", "changed" or "missing", compared with the registered hash."""
        current = self.current_hash()
        if current is None:
            return "missing"
        return "unchanged" if current == self.file_hash else "changed"

    # Private

    def _check_working_directory(self) -> None:
        if self.working_directory:
            ansible_config.validate_folder(self.file_path, self.working_directory)

    def _left_to_whole_inventories(self) -> list[str]:
        plays = [] if self.runs_localhost else play_hosts.plays_for_localhost(self.file_path)
        if not plays:
            return []
        more = f" and {len(plays) - 1} more" if len(plays) > 1 else ""
        verb = "run" if more else "runs"
        return [
            f"{plays[0].words}{more} {verb} only in launches on a whole inventory. "
            "“Plays for localhost run” in the form decides that."
        ]

    def _prompted_besides(self, given: Any) -> Collection[str]:
        """The file's prompts, which count as declared; read only if something else is given."""
        if not isinstance(given, dict) or given.keys() <= self.variables.keys():
            return ()
        return prompts.names_in(self.plays())

    def _take_prompts(self) -> list[str]:
        """Update the variables from the changed file's prompts.

        Returns the names of changed entries.
        """
        try:
            schema = prompts.brought_up_to_date(self.variables, self.plays())
            variables.validate_schema(schema)
        except ValidationError as error:
            raise Refused(f"Its prompts cannot be used: {' '.join(error.messages)}") from None
        before, self.variables = self.variables, schema
        return [name for name, entry in schema.items() if before.get(name) != entry]

    def _is_moved(self) -> bool:
        stored = Playbook.objects.filter(pk=self.pk).values_list("file_path", flat=True).first()
        return stored != self.file_path
