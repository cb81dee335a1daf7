"""Variables of servers and groups: sealed where they are secret, opened for runs only."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError

from audit.redaction import MASK, has_mask, named_secrets, redacted, secrets_within, unmasked
from schema.encryption import Undecryptable
from schema.fields import INEXACT_NUMBER, JSONShapeField, storing_problem
from schema.limits import list_some
from schema.sealing import (
    is_sealed,
    mentions_sealed,
    open_sealed,
    seal_secrets,
    sealed_paths,
    texts_in,
)
from schema.secret_names import LIST_VERSION, is_secret_name

from .large_numbers import INTEGER, as_numbers, kept_exactly
from .validators import marker_problem

if TYPE_CHECKING:
    from .models.own_variables import OwnVariables

NO_SECRET_BEHIND = (
    f"{MASK} stands for a stored secret, and none is stored here: enter the secret itself."
)
# Shorter pieces of a text with templates are not masked in logs.
SHORTEST_LITERAL = 6
# What may hold a secret or a large number within.
NESTED = (dict, list)
# InfraOps reads these itself.
ALWAYS_OPEN = ("ansible_connection",)


def current_list() -> int:
    """The version of the list that secrets are sealed by now."""
    return LIST_VERSION


class HostVariablesField(JSONShapeField):
    """Seals what sounds secret whenever a row is written, whoever writes it."""

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        sealed = seal_secrets(value) if isinstance(value, dict) else value
        return super().get_db_prep_save(sealed, connection)


class VariableFilesField(JSONShapeField):
    """Variables of files beside an inventory, as {"path": …, "variables": {…}}; sealed, too."""

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        return super().get_db_prep_save(sealed_files(value), connection)


def sealed_files(files: Any) -> Any:
    """The files with what sounds secret in their variables sealed."""
    if not isinstance(files, list):
        return files
    return [
        {**file, "variables": seal_secrets(file["variables"])} if "variables" in file else file
        for file in files
    ]


def variables_to_store(
    given: Any, stored: dict[str, Any], marked: Collection[str] | None = None
) -> Any:
    """What to store for variables that a person or a client sent. Raises ValidationError.

    A mask stands for the stored secret. `marked` names the variables that are secret whatever their
    name; None keeps the marks of `stored`. What is no object is returned as it is.
    """
    if not isinstance(given, dict):
        return given
    if mentions_sealed(given):
        raise ValidationError(
            "An object with “$encrypted” is how secrets are stored: enter the value."
        )
    values = unmasked(given, stored)
    if has_mask(values):
        raise ValidationError(NO_SECRET_BEHIND)
    problem = storing_problem(values)
    if problem == INEXACT_NUMBER:
        values = kept_exactly(values)
        problem = storing_problem(values)
    if problem := problem or marker_problem(values):
        raise ValidationError(problem)
    _refuse_marks(given, stored, marked or ())
    if marked is None:
        marked = [name for name in secret_names(stored) if not is_secret_name(name)]
    elif shown := [name for name in values if _is_unmarked(name, given, stored, marked)]:
        raise ValidationError(
            f"Enter a new value for {list_some(shown)}, or leave it marked as secret."
        )
    try:
        return seal_secrets(values, marked, stored)
    except Undecryptable as error:
        raise ValidationError(f"{error} Enter its value again.") from None


def _refuse_marks(given: dict[str, Any], stored: dict[str, Any], marked: Collection[str]) -> None:
    if unknown := sorted(set(marked) - given.keys() - stored.keys()):
        raise ValidationError(
            f"Marked as secret, but not among the variables: {list_some(unknown)}."
        )
    if wrong := sorted(set(marked) & set(ALWAYS_OPEN)):
        raise ValidationError(f"{', '.join(wrong)} cannot be secret.")


def _is_unmarked(name: str, given: Any, stored: Any, marked: Collection[str]) -> bool:
    """True if the mark of a secret was removed without entering a new value."""
    if name in marked or given[name] != MASK or not is_sealed(stored.get(name)):
        return False
    return not is_secret_name(name)


def shown_variables(variables: Any) -> Any:
    """The variables for forms and clients, which send them back: with secrets masked."""
    return as_numbers(redacted(variables), (INTEGER,))


def secret_names(variables: dict[str, Any]) -> list[str]:
    """The variables that are secret as a whole."""
    shown = redacted(variables)
    return [name for name in variables if shown[name] == MASK]


def opened_variables(row: OwnVariables, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    """Its variables, or these of them, decrypted and with their types; only for a run.

    Raises Undecryptable, which names server or group, and variable.
    """
    values = row.variables if variables is None else variables
    return {
        name: as_numbers(_opened(row, name, value)) if isinstance(value, NESTED) else value
        for name, value in values.items()
    }


def _opened(row: OwnVariables, name: str, value: Any) -> Any:
    try:
        return open_sealed(value)
    except Undecryptable as error:
        raise Undecryptable(f"The variable “{name}” of {row}: {error}") from None


def opened_if_possible(variables: dict[str, Any]) -> dict[str, Any]:
    """The variables, decrypted, without those that no key opens."""
    found = {}
    for name, value in variables.items():
        if not isinstance(value, NESTED):
            found[name] = value
            continue
        with contextlib.suppress(Undecryptable):
            found[name] = as_numbers(open_sealed(value))
    return found


def secrets_in(row: OwnVariables, *, is_target: bool = True) -> Iterator[tuple[str, str]]:
    """(path, text) for everything that logs of a run must not show, decrypted; with its files.

    Raises Undecryptable, which names server or group, and variable, for a target of the run or a
    group; others have no such variable in it.
    """
    for _file, variables in row.all_variables():
        yield from named_secrets(variables)  # of a row that seal_variables has not yet reached
        yield from _secrets_in(row, variables, is_target=is_target)


def _secrets_in(
    row: OwnVariables, variables: dict[str, Any], *, is_target: bool
) -> Iterator[tuple[str, str]]:
    for path, value in sealed_paths(variables):
        try:
            opened = _opened(row, path, value)
        except Undecryptable:
            if is_target:
                raise
            continue
        for text in texts_in(opened):
            yield from ((path, piece) for piece in (text, *_literals(text), *secrets_within(text)))


def _literals(text: str) -> list[str]:
    """What stands around the templates in a text: filled in, it is no longer the text itself."""
    if "{{" not in text:
        return []
    pieces = (piece.rpartition("}}")[2] for piece in text.split("{{"))
    return [piece for piece in pieces if len(piece) >= SHORTEST_LITERAL]


def refuse_undecryptable(rows: Iterable[OwnVariables]) -> None:
    """Raise Undecryptable for the first secret that no key opens."""
    for row in rows:
        for _file, variables in row.all_variables():
            for name, value in sealed_paths(variables):
                _opened(row, name, value)
