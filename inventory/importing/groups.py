"""Groups of an inventory that is read, with their variables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError

from inventory.ansible import reading
from inventory.host_variables import current_list
from inventory.models import GroupGraph, Server, ServerGroup, VariableOverride
from inventory.validators import RESERVED_NAMES, validate_group_name
from schema.exceptions import Refused
from schema.fields import storing_problem

from .intake import Intake
from .members import set_members
from .overriding import apply_overrides, undo_overrides
from .variables import take_files, take_variables, written_by_people
from .writing import as_it_was, insert_rows, record_rows, update_rows

VALUES = ("variables", "variable_files", "imported_variables", "priority")
WRITTEN = (*VALUES, "source", "position", "sealed_with")


@dataclass
class TakenGroup:
    """A group as it will be; `values` are the attributes it had before."""

    source: reading.ListedGroup
    row: ServerGroup
    values: dict[str, Any]
    overrides: list[VariableOverride]
    made: list[VariableOverride]

    @property
    def is_new(self) -> bool:
        return "id" not in self.values

    @property
    def is_changed(self) -> bool:
        now = self.row.__dict__
        return self.is_new or any(now[name] != self.values[name] for name in (*VALUES, "source_id"))

    @property
    def is_moved(self) -> bool:
        return self.values.get("position") != self.row.position


def import_groups(
    listed: reading.ListedInventory, intake: Intake, servers: dict[str, Server], refused: set[int]
) -> None:
    """Write the groups and their members. Raises Refused for one that cannot be stored.

    `refused` are the keys of servers whose hosts were not taken.
    """
    known = {group.name: group for group in intake.inventory.groups.all()}
    taken = []
    for place, source in enumerate(listed.groups):
        row = known.pop(source.name, None)
        if row is None and source.name in RESERVED_NAMES and not _has_values(source):
            continue
        row = row or ServerGroup(inventory=intake.inventory, name=source.name)
        taken.append(_take(source, row, intake, place))
    _write(taken)
    rows = {each.row.name: each.row for each in taken}
    set_members(listed, intake, rows, servers, refused)
    _report(taken, intake)
    _remove_gone(list(known.values()), intake)
    try:
        GroupGraph(intake.inventory).refuse_cycles()
    except ValidationError as error:
        raise Refused(" ".join(error.messages)) from None


def _has_values(source: reading.ListedGroup) -> bool:
    return bool(source.variables or source.files or source.priority != 1)


def _take(source: reading.ListedGroup, row: ServerGroup, intake: Intake, place: int) -> TakenGroup:
    """Set the group's values on the row, without saving. Raises Refused."""
    overrides = intake.overrides_of("group", row.pk)
    taken = TakenGroup(source, row, dict(row.__dict__) if row.pk else {}, overrides, [])
    if row.pk and not intake.is_own(row) and not _take_over(source, row, intake, overrides):
        return taken
    is_adopted = intake.is_adopted(row) and row.source_id is None
    undo_overrides(row, overrides)
    own = written_by_people(source, row) if is_adopted else {}
    _take_values(source, row, intake)
    taken.made = [
        VariableOverride(group=row, name=name, value={name: value}) for name, value in own.items()
    ]
    taken.overrides = apply_overrides(row, [*overrides, *taken.made])
    row.position = intake.first_place + place
    row.source = intake.source or row.source
    _validate(row)
    return taken


def _take_values(source: reading.ListedGroup, row: ServerGroup, intake: Intake) -> None:
    take_variables(source, row, keeps_others=intake.source is None)
    take_files(source, row)
    row.priority, row.sealed_with = source.priority, current_list()


def _take_over(
    source: reading.ListedGroup,
    row: ServerGroup,
    intake: Intake,
    overrides: list[VariableOverride],
) -> bool:
    """Whether the values of a group that another source owns are this one's from now on.

    They are those of one source: of the first that gives any. Raises Refused if both give some and
    they differ.
    """
    if not _has_values(source):
        return False
    as_theirs, as_ours = (as_it_was(row, dict(row.__dict__)) for _each in range(2))
    undo_overrides(as_theirs, overrides)
    if not (as_theirs.variables or as_theirs.variable_files or as_theirs.priority != 1):
        return True
    undo_overrides(as_ours, overrides)
    _take_values(source, as_ours, intake)
    if any(getattr(as_ours, name) != getattr(as_theirs, name) for name in VALUES):
        problem = intake.owner_problem(row, f"The group “{row.name}”")
        raise Refused(f"{problem} Both set variables of it, and they differ.")
    return False


def _validate(row: ServerGroup) -> None:
    """As the model does, without a query and without what only people write. Raises Refused."""
    problem = ""
    try:
        validate_group_name(row.name)
        ServerGroup._meta.get_field("name").run_validators(row.name)
    except ValidationError as error:
        problem = " ".join(error.messages)
    problem = problem or storing_problem(row.variables) or storing_problem(row.variable_files)
    if problem:
        raise Refused(f"The group “{row.name}”: {problem}")


def _write(taken: list[TakenGroup]) -> None:
    new = [each.row for each in taken if each.is_new]
    changed = [each for each in taken if each.is_changed and not each.is_new]
    moved = [each.row for each in taken if each.is_moved and not each.is_changed]
    refused = insert_rows(new) | update_rows([each.row for each in changed], WRITTEN)
    if refused:
        raise Refused(next(iter(refused.values())))
    ServerGroup.objects.bulk_update(moved, ["position"], batch_size=500)
    edits = [(as_it_was(each.row, each.values), each.row) for each in changed]
    record_rows([*((None, row) for row in new), *edits], refused)
    VariableOverride.objects.bulk_create([each for group in taken for each in group.made])
    for group in taken:
        for override in group.overrides:
            if override not in group.made:
                override.save(update_fields=["file", "replaced", "conflict", "updated_at"])


def _report(taken: list[TakenGroup], intake: Intake) -> None:
    report = intake.report
    with_other_members = {group for group, *_what in report.members}
    for each in taken:
        name = each.row.name
        report.note_values(each.source, each.row)
        intake.note_conflicts(intake.overrides_of("group", each.row.pk), name)
        intake.note_overridden(each.made, name)
        if each.is_new:
            report.groups_added.append(name)
        elif each.is_changed or each.is_moved or name in with_other_members:
            report.groups_changed.append(name)
        if each.is_changed:
            before = None if each.is_new else as_it_was(each.row, each.values)
            report.touched.append((before, each.row))
    known = {each.row.name for each in taken}
    report.groups_changed += sorted(with_other_members - known)


def _needed_by(row: ServerGroup, intake: Intake) -> str:
    """What would go with the group although people have made it; "" if nothing.

    A script that has no hosts for a group tonight has some again tomorrow.
    """
    if row.allowed_credentials.exists():
        return "the scope of a credential"
    if intake.overrides_of("group", row.pk):
        return "its overrides"
    return "its other members" if row.members.exists() else ""


def _remove_gone(rows: list[ServerGroup], intake: Intake) -> None:
    """Groups that the source no longer has; those that others need stay, without its values."""
    if intake.source is None:
        return
    for row in rows:
        if row.source_id != intake.source.pk:
            continue
        values = dict(row.__dict__)
        if needed_by := _needed_by(row, intake):
            intake.report.kept.setdefault(needed_by, []).append(row.name)
            overrides = intake.overrides_of("group", row.pk)
            row.source, row.priority = None, 1
            row.variables, row.variable_files, row.imported_variables = {}, [], []
            for override in apply_overrides(row, overrides):
                override.save(update_fields=["file", "replaced", "conflict", "updated_at"])
            update_rows([row], WRITTEN)
            record_rows([(as_it_was(row, values), row)], {})
            intake.report.groups_changed.append(row.name)
            intake.report.touched.append((as_it_was(row, values), row))
        else:
            intake.report.groups_removed.append(row.name)
            intake.report.touched.append((as_it_was(row, values), None))
            row.source = None  # it is the source that removes it
            row.delete()
