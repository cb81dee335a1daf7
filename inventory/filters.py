"""Filters for the lists of servers and credentials."""

from typing import Any

import django_filters.rest_framework as filters
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

from console.api.filters import SearchFilter, YesNoFilter

from .choosing import within
from .models import (
    Credential,
    CredentialQuerySet,
    Inventory,
    InventorySource,
    Server,
    ServerGroup,
    ServerGroupQuerySet,
    ServerQuerySet,
    SmartGroup,
    VariableOverride,
)
from .models.fact_texts import FACT_EXAMPLES
from .models.host_names import split_hostname
from .validators import AT


class LowerCaseFilter(filters.CharFilter):
    """For environments, which are stored in lower case."""

    def filter(self, qs: ServerQuerySet, value: str) -> ServerQuerySet:
        return super().filter(qs, value.strip().lower())


class CredentialFilters(filters.FilterSet):
    is_active = YesNoFilter()
    search = SearchFilter(method="found", label="Part of name or description")
    ordering = filters.OrderingFilter(fields=["name", "created_at", "updated_at"])

    class Meta:
        model = Credential
        fields: list[str] = []

    def found(self, credentials: CredentialQuerySet, name: str, text: str) -> CredentialQuerySet:
        return credentials.filter(Q(name__icontains=text) | Q(description__icontains=text))


class HostnameFilter(filters.CharFilter):
    """A host name in either form: web1, web1@default, web1@staging.

    A bare name that the default inventory does not have is looked for in all others.
    """

    def filter(self, qs: ServerQuerySet, value: str) -> ServerQuerySet:
        text = value.strip()
        if not text:
            return qs
        try:
            name, inventory = split_hostname(text)
        except ValidationError:
            return qs.filter(hostname=text.lower())
        exact = qs.filter(inventory=inventory, inventory_name=name)
        found = exact if exact.exists() else qs.filter(hostname=inventory.full_name(name))
        is_elsewhere = AT not in text and not found.exists()
        return qs.filter(inventory_name=text) if is_elsewhere else found


class ServerNameFilter(HostnameFilter):
    """The rows of a server, by its name in either form."""

    def filter(self, qs: Any, value: str) -> Any:
        if not value.strip():
            return qs
        return qs.filter(server__in=super().filter(Server.objects.all(), value))


class InventoryFilters(filters.FilterSet):
    name = filters.CharFilter()
    search = SearchFilter(method="found", label="Part of name or description")
    ordering = filters.OrderingFilter(fields=["name", "created_at", "updated_at"])

    class Meta:
        model = Inventory
        fields: list[str] = []

    def found(self, inventories: QuerySet[Inventory], name: str, text: str) -> QuerySet[Inventory]:
        return inventories.filter(Q(name__icontains=text) | Q(description__icontains=text))


class InventorySourceFilters(filters.FilterSet):
    name = filters.CharFilter()
    inventory = filters.CharFilter(field_name="inventory__name")
    state = filters.ChoiceFilter(choices=InventorySource.State)
    is_active = YesNoFilter()
    search = SearchFilter(method="found", label="Part of name or path")
    ordering = filters.OrderingFilter(fields=["name", "synced_at", "created_at", "updated_at"])

    class Meta:
        model = InventorySource
        fields: list[str] = []

    def found(self, sources: Any, name: str, text: str) -> Any:
        return sources.search(text)


class VariableOverrideFilters(filters.FilterSet):
    name = filters.CharFilter()
    server = ServerNameFilter(label="web1, or web1@staging")
    group = filters.CharFilter(field_name="group__name")
    conflict = filters.ChoiceFilter(choices=VariableOverride.Conflict)
    ordering = filters.OrderingFilter(fields=["name", "created_at", "updated_at"])

    class Meta:
        model = VariableOverride
        fields: list[str] = []


class ServerGroupFilters(filters.FilterSet):
    name = filters.CharFilter()
    inventory = filters.CharFilter(field_name="inventory__name")
    search = SearchFilter(method="found", label="Part of name or description")
    ordering = filters.OrderingFilter(fields=["name", "created_at", "updated_at"])

    class Meta:
        model = ServerGroup
        fields: list[str] = []

    def found(self, groups: ServerGroupQuerySet, name: str, text: str) -> ServerGroupQuerySet:
        return groups.search(text)


class SmartGroupFilters(filters.FilterSet):
    name = filters.CharFilter()
    inventory = filters.CharFilter(field_name="inventory__name")
    search = SearchFilter(method="found", label="Part of name or description")
    ordering = filters.OrderingFilter(fields=["name", "created_at", "updated_at"])

    class Meta:
        model = SmartGroup
        fields: list[str] = []

    def found(self, groups: QuerySet[SmartGroup], name: str, text: str) -> QuerySet[SmartGroup]:
        return groups.filter(Q(name__icontains=text) | Q(description__icontains=text))


class ServerFilters(filters.FilterSet):
    hostname = HostnameFilter(label="web1, or web1@staging")
    inventory = filters.CharFilter(field_name="inventory__name")
    source = filters.CharFilter(field_name="source__name")
    environment = LowerCaseFilter()
    is_active = YesNoFilter()
    group = SearchFilter(
        method="in_group", label="In this group or smart group, or in a group within: web@staging"
    )
    os = SearchFilter(method="with_os", label="“Debian”, “Debian 12”")
    fact = SearchFilter(method="with_fact", label=f"A condition: {FACT_EXAMPLES}")
    tag = SearchFilter(method="tagged", label="“role=web”, or “canary” with any value")
    search = SearchFilter(method="found", label="Part of name, address or description")
    ordering = filters.OrderingFilter(
        fields=["hostname", "environment", "created_at", "updated_at"]
    )

    class Meta:
        model = Server
        fields: list[str] = []

    def in_group(self, servers: ServerQuerySet, name: str, group: str) -> ServerQuerySet:
        try:
            return servers.filter(within([group]))
        except ValidationError as error:
            raise ValidationError({name: error.messages}) from None

    def with_os(self, servers: ServerQuerySet, name: str, text: str) -> ServerQuerySet:
        return servers.with_os(text)

    def with_fact(self, servers: ServerQuerySet, name: str, text: str) -> ServerQuerySet:
        try:
            return servers.with_fact(text)
        except ValidationError as error:
            raise ValidationError({name: error.messages}) from None

    def tagged(self, servers: ServerQuerySet, name: str, tag: str) -> ServerQuerySet:
        return servers.with_tag(tag)

    def found(self, servers: ServerQuerySet, name: str, text: str) -> ServerQuerySet:
        return servers.search(text)
