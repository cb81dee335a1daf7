"""Variables of an imported host or group: all of them, where they stand, secrets encrypted."""

from typing import Any

from audit.redaction import MASK, has_mask
from inventory.ansible import reading
from inventory.ansible.names import MAGIC_FOR_SERVERS
from inventory.host_variables import ALWAYS_OPEN, secret_names
from inventory.large_numbers import kept_exactly
from inventory.models.own_variables import OwnVariables
from inventory.validators import marker_problem
from schema.exceptions import Refused
from schema.fields import storing_problem
from schema.sealing import mentions_sealed, reseal, seal_secrets
from schema.secret_names import is_secret_name

MASKED = f"{MASK} stands for a secret that was left out. Export it with its secrets."
# Names of further variables to encrypt: a list, or a text with commas.
SECRETS = "infraops_secret_variables"


def take_variables(source: reading.ListedHost, row: Any, *, keeps_others: bool = True) -> None:
    """Set its variables, and remove those that only the last import had. Raises Refused.

    Those that people have written stay if it `keeps_others`.
    """
    values = _storable(source.name, source.variables)
    stored = {name: value for name, value in row.variables.items() if name in values}
    others = written_by_people(source, row) if keeps_others else {}
    row.variables = others | _sealed(values, stored, _marked(source, stored))
    row.imported_variables = sorted(values)


def written_by_people(source: reading.ListedHost, row: Any) -> dict[str, Any]:
    """Its variables that neither this import nor the last one has.

    Without names that Ansible overrides, which earlier releases took.
    """
    imported = {*row.imported_variables, *source.variables, *MAGIC_FOR_SERVERS}
    return {name: value for name, value in row.variables.items() if name not in imported}


def _sealed(values: dict[str, Any], stored: dict[str, Any], marked: set[str]) -> dict[str, Any]:
    """The variables with secrets sealed.

    So is what looks like a stored secret: it must not be opened as one.
    """
    alike = {
        name: reseal(value, stored.get(name))
        for name, value in values.items()
        if mentions_sealed(value)
    }
    return seal_secrets(values | alike, marked, stored)


def take_files(source: reading.ListedHost, row: OwnVariables) -> None:
    """Store the files beside the inventory that set variables for it. Raises Refused."""
    known = {file["path"]: file.get("variables", {}) for file in row.variable_files}
    row.variable_files = [_stored_file(file, known.get(file.path)) for file in source.files]


def _stored_file(file: reading.VariablesFile, known: Any) -> dict[str, Any]:
    if file.vaulted:
        return {"path": file.path, "vaulted": file.vaulted}
    values = _storable(file.path, file.variables)
    return {"path": file.path, "variables": _sealed(values, known or {}, set())}


def _storable(name: str, variables: dict[str, Any]) -> dict[str, Any]:
    """The variables with large numbers as texts. Raises Refused, naming the variable."""
    values = {key: kept_exactly(value) for key, value in variables.items()}
    every = list(values.values())
    if not (storing_problem(values) or marker_problem(every) or has_mask(every)):
        return values
    for key, value in values.items():
        problem = storing_problem({key: value}) or marker_problem(value)
        if problem or has_mask(value):
            raise Refused(f"The variable “{key}” of {name}: {problem or MASKED}")
    return values


def _marked(source: reading.ListedHost, stored: dict[str, Any]) -> set[str]:
    """The variables to encrypt whatever their names: once secret, always secret."""
    named = source.variables.get(SECRETS, [])
    names = named.split(",") if isinstance(named, str) else named
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Refused(f"{SECRETS} is not a list of names.")
    before = [name for name in secret_names(stored) if not is_secret_name(name)]
    return {*(name.strip() for name in names), *before} - {*ALWAYS_OPEN}


def flattened_copies(
    read: reading.ListedInventory, host: reading.ListedHost, row: Any
) -> list[str]:
    """Names of the row's variables that an earlier release has copied from the host's groups.

    They would hide later changes of the group. Only of a row that was never imported since.
    """
    if row.imported_variables or not row.variables:
        return []
    inherited = read.inherited_by(host.name)
    return [
        name
        for name, value in row.variables.items()
        if name not in host.variables
        and any(_is_copy(name, value, other) for other in inherited.get(name, ()))
    ]


def _is_copy(name: str, value: Any, other: Any) -> bool:
    sealed = seal_secrets({name: other}, known={name: value})
    return bool(sealed[name] == value)
