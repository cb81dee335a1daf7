"""Hosts of an inventory that is read, as servers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from inventory.ansible import reading
from inventory.ansible.connection import ALIASES, has_own
from inventory.host_variables import current_list
from inventory.models import Server, VariableOverride
from schema.exceptions import Refused
from schema.fields import storing_problem

from . import columns
from .intake import Intake
from .names import Hostnames
from .overriding import apply_overrides, undo_overrides
from .variables import flattened_copies, take_files, take_variables, written_by_people
from .writing import Refusals, as_it_was, insert_rows, record_rows, update_rows

COMPARED = (
    *("inventory_name", "ip_address", "ssh_port", "ssh_user", "ssh_key_path", "environment"),
    *("variables", "variable_files", "imported_variables"),
    *("source_id", "missing_since", "was_active", "is_active"),
)
WRITTEN = tuple(name.removesuffix("_id") for name in (*COMPARED, "position", "sealed_with"))
# Columns that are Ansible's, with the variable that says the same.
SAID_BY = {"ip_address": "ansible_host", "ssh_port": "ansible_port", "ssh_user": "ansible_user"}


class NotTaken(Exception):
    """This host does not become a server; the message says why."""


@dataclass
class Taken:
    """A host and its server as it will be; `values` are the attributes it had before."""

    host: reading.ListedHost
    server: Server
    values: dict[str, Any]
    copies: list[str]
    differing: list[VariableOverride]
    # Overrides of values that people had written here.
    made: list[VariableOverride]

    @property
    def is_new(self) -> bool:
        return "id" not in self.values

    @property
    def is_changed(self) -> bool:
        now = self.server.__dict__
        return self.is_new or any(now[name] != self.values.get(name) for name in COMPARED)

    @property
    def is_moved(self) -> bool:
        return self.values.get("position") != self.server.position


def import_hosts(listed: reading.ListedInventory, intake: Intake) -> dict[str, Server]:
    """{host: its server}, without those refused."""
    hostnames = Hostnames(intake.inventory, intake.source, [host.name for host in listed.hosts])
    taken: list[Taken] = []
    for place, host in enumerate(listed.hosts):
        server = hostnames.server_of(host.name)
        try:
            taken.append(_take(listed, host, server, intake, place))
        except NotTaken as reason:
            intake.report.refused[host.name] = str(reason)
    gone = _deactivate_missing(hostnames.others(), intake)
    refused = _write(taken, gone)
    return _report(taken, gone, refused, intake)


def _take(
    listed: reading.ListedInventory,
    host: reading.ListedHost,
    server: Server,
    intake: Intake,
    place: int,
) -> Taken:
    """Set the host's values on the server, without saving. Raises NotTaken."""
    if not intake.is_own(server):
        raise NotTaken(intake.owner_problem(server, f"“{host.name}”"))
    values = dict(server.__dict__) if server.pk else {}
    overrides = intake.overrides_of("server", server.pk)
    before = server.variables
    undo_overrides(server, overrides)
    is_adopted = intake.is_adopted(server)
    server.inventory_name, server.sealed_with = host.name, current_list()
    try:
        copies = flattened_copies(listed, host, server)
        server.variables = {n: v for n, v in server.variables.items() if n not in copies}
        own = written_by_people(host, server)
        take_variables(host, server, keeps_others=intake.source is None)
        take_files(host, server)
    except Refused as problem:
        raise NotTaken(str(problem)) from None
    made = [_override(server, name, value) for name, value in own.items() if is_adopted]
    differing = apply_overrides(server, [*overrides, *made])
    columns.derive(server, before, server.variables)
    if is_adopted:
        made += _override_columns(listed, host, server)
    _place(host, server, intake, place)
    _validate(server)
    return Taken(host, server, values, copies, differing, made)


def _place(host: reading.ListedHost, server: Server, intake: Intake, place: int) -> None:
    server.position = intake.first_place + place
    given = "" if server.pk or intake.source is None else intake.source.environment
    named = columns.named_environment(server.variables)
    server.environment = intake.environment.strip().lower() or named or given or server.environment
    if intake.source is not None:
        server.source = intake.source
    if server.missing_since is not None:
        server.is_active = server.was_active
        server.missing_since, server.was_active = None, False


def _override(server: Server, name: str, value: Any) -> VariableOverride:
    return VariableOverride(server=server, name=name, value={name: value})


def _override_columns(
    listed: reading.ListedInventory, host: reading.ListedHost, server: Server
) -> list[VariableOverride]:
    """Overrides of what its columns say to Ansible and the source does not.

    A value that its groups have, too, was copied from there by an earlier release.
    """
    made = []
    inherited: dict[str, list[Any]] | None = None
    for column, name in SAID_BY.items():
        value = getattr(server, column)
        if value == columns.EMPTY[column] or has_own(server.variables, column):
            continue
        inherited = listed.inherited_by(host.name) if inherited is None else inherited
        given = [each for alias in ALIASES[column] for each in inherited.get(alias, ())]
        if str(value) in map(str, given):
            setattr(server, column, columns.EMPTY[column])
        else:
            made.append(_override(server, name, value))
    apply_overrides(server, made)
    return made


def _validate(server: Server) -> None:
    """As the model does, without a query and without what only people write. Raises NotTaken."""
    try:
        for name in ("hostname", "inventory_name", "environment"):
            field: Any = Server._meta.get_field(name)
            field.run_validators(getattr(server, name))
    except ValidationError as error:
        raise NotTaken(" ".join(error.messages)) from None
    if server.variable_files and (problem := storing_problem(server.variable_files)):
        raise NotTaken(problem)


def _deactivate_missing(servers: Iterable[Server], intake: Intake) -> list[Taken]:
    """Those that the source no longer has: deactivated, and active again when they are back."""
    gone = []
    for server in servers:
        is_its = intake.source is not None and server.source_id == intake.source.pk
        if not is_its or server.missing_since is not None:
            continue
        values = dict(server.__dict__)
        server.missing_since, server.was_active = timezone.now(), server.is_active
        server.is_active = False
        host = reading.ListedHost(server.inventory_name, {})
        gone.append(Taken(host, server, values, [], [], []))
    return gone


def _write(taken: list[Taken], gone: list[Taken]) -> Refusals:
    new = [each.server for each in taken if each.is_new]
    changed = [each for each in [*taken, *gone] if each.is_changed and not each.is_new]
    refused = insert_rows(new)
    refused |= update_rows([each.server for each in changed], WRITTEN)
    moved = [each.server for each in taken if each.is_moved and not each.is_changed]
    Server.objects.bulk_update(moved, ["position"], batch_size=500)
    edits = [(as_it_was(each.server, each.values), each.server) for each in changed]
    record_rows([*((None, server) for server in new), *edits], refused)
    VariableOverride.objects.bulk_create(
        [override for each in taken for override in each.made if id(each.server) not in refused]
    )
    for each in taken:
        for override in each.differing:
            if override.pk and override not in each.made:
                override.save(update_fields=["file", "replaced", "conflict", "updated_at"])
    return refused


def _report(
    taken: list[Taken], gone: list[Taken], refused: Refusals, intake: Intake
) -> dict[str, Server]:
    report, servers = intake.report, {}
    for each in taken:
        server, name = each.server, each.server.hostname
        if id(server) in refused:
            report.refused[each.host.name] = refused[id(server)]
            continue
        servers[each.host.name] = server
        _report_one(each, intake)
        lines = report.added if each.is_new else report.changed
        (lines if each.is_changed else report.unchanged).append(name)
        if each.is_changed:
            before = None if each.is_new else as_it_was(server, each.values)
            report.touched.append((before, server))
    for each in gone:
        report.gone.append(each.server.hostname)
        report.touched.append((as_it_was(each.server, each.values), each.server))
    _report_order(taken, intake)
    return servers


def _report_one(each: Taken, intake: Intake) -> None:
    report, name = intake.report, each.server.hostname
    if each.values and each.values["source_id"] != each.server.source_id:
        report.adopted.append(name)
    if each.values.get("missing_since") is not None:
        report.returned.append(name)
    report.note_values(each.host, each.server)
    intake.note_conflicts(intake.overrides_of("server", each.server.pk), name)
    intake.note_overridden(each.made, name)
    for variable in each.copies:
        report.unflattened.setdefault(variable, []).append(each.host.name)


def _report_order(taken: list[Taken], intake: Intake) -> None:
    """If servers that were there before have another order."""
    known = [each for each in taken if not each.is_new]
    if not any(each.is_moved for each in known):
        return
    earlier = sorted(known, key=lambda each: (each.values["position"], each.server.pk))
    before, after = ([each.server.hostname for each in rows] for rows in (earlier, known))
    if before != after:
        intake.report.order = (before, after)
