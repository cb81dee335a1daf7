"""The variables of a host or group, and the files beside the inventory that set more for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models

from inventory.host_variables import (
    HostVariablesField,
    VariableFilesField,
    current_list,
    secret_names,
)
from inventory.validators import marker_problem, validate_names
from schema.fields import JSONShapeField, storing_problem
from schema.sealing import seal_secrets

from .cleaning import collect_problems


class OwnVariables(models.Model):
    """`variables` is a column of each model of its own, for its help text."""

    if TYPE_CHECKING:
        variables: HostVariablesField

    # group_vars and host_vars beside the inventory: [{"path": "group_vars/web.yml", "variables":
    # {…}}], or "vaulted": the text of a file that Ansible Vault has encrypted as a whole.
    variable_files = VariableFilesField(default=list, db_default=[], blank=True, editable=False)
    # Names that the last import has set. They may be any that Ansible takes, and go away with it.
    imported_variables = JSONShapeField(default=list, db_default=[], blank=True, editable=False)
    # LIST_VERSION when its variables were last looked through for secrets; 0: never.
    sealed_with = models.SmallIntegerField(default=current_list, db_default=0, editable=False)

    class Meta:
        abstract = True

    def clean_fields(self, exclude: Any = None) -> None:
        given = set(exclude or ())
        checks = [lambda: super(OwnVariables, self).clean_fields(exclude)]
        if "variables" not in given:
            self._seal_variables()
            checks.append(self._check_names)
        collect_problems(*checks)

    def _seal_variables(self) -> None:
        """Encrypt what sounds secret; what cannot be stored is left to the validators."""
        given = self.variables
        if isinstance(given, dict) and not (storing_problem(given) or marker_problem(given)):
            self.variables = seal_secrets(given)
        self.sealed_with = current_list()

    def _check_names(self) -> None:
        if not isinstance(self.variables, dict):
            return
        try:
            validate_names(self.variables.keys() - set(self.imported_variables))
        except ValidationError as error:
            raise ValidationError({"variables": error.messages}) from None
        if problem := marker_problem(self.variables):
            raise ValidationError({"variables": [problem]})

    @property
    def secret_variables(self) -> list[str]:
        """Names of the variables that are secret as a whole."""
        return secret_names(self.variables)

    def all_variables(self) -> list[tuple[str, dict[str, Any]]]:
        """(file or "", variables) in the order of Ansible's precedence, weakest first."""
        files = [(file["path"], file.get("variables", {})) for file in self.variable_files]
        return [("", self.variables), *files]
