"""Filters for the lists of servers and credentials."""

import django_filters.rest_framework as filters
from django.db.models import Q

from console.api.filters import SearchFilter, YesNoFilter

from .models import Credential, CredentialQuerySet, Server, ServerQuerySet


class LowerCaseFilter(filters.CharFilter):
    """For host names and environments, which are stored in lower case."""

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


class ServerFilters(filters.FilterSet):
    hostname = LowerCaseFilter()
    environment = LowerCaseFilter()
    is_active = YesNoFilter()
    tag = SearchFilter(method="tagged", label="“role=web”, or “canary” with any value")
    search = SearchFilter(method="found", label="Part of name, address or description")
    ordering = filters.OrderingFilter(
        fields=["hostname", "environment", "created_at", "updated_at"]
    )

    class Meta:
        model = Server
        fields: list[str] = []

    def tagged(self, servers: ServerQuerySet, name: str, tag: str) -> ServerQuerySet:
        return servers.with_tag(tag)

    def found(self, servers: ServerQuerySet, name: str, text: str) -> ServerQuerySet:
        return servers.search(text)
