"""Filters for the endpoints of accounts."""

import django_filters.rest_framework as filters
from django.db.models import Q, QuerySet

from console.api.filters import ChoicesFilter, SearchFilter, YesNoFilter

from .models import ApiKey, FailedAttempts, SavedView, Session, User


class UserFilters(filters.FilterSet):
    role = ChoicesFilter(choices=User.Role.choices)
    is_active = YesNoFilter()
    search = SearchFilter(method="named", label="Part of the user name or e-mail address")
    ordering = filters.OrderingFilter(fields=["username", "created_at", "last_login"])

    class Meta:
        model = User
        fields: list[str] = []

    def named(self, users: QuerySet[User], name: str, text: str) -> QuerySet[User]:
        return users.filter(Q(username__icontains=text) | Q(email__icontains=text))


class ApiKeyFilters(filters.FilterSet):
    owner = filters.CharFilter(field_name="owner__username", lookup_expr="iexact")

    class Meta:
        model = ApiKey
        fields: list[str] = []


class SessionFilters(filters.FilterSet):
    user = filters.CharFilter(field_name="user__username", lookup_expr="iexact")

    class Meta:
        model = Session
        fields: list[str] = []


class FailedAttemptsFilters(filters.FilterSet):
    kind = ChoicesFilter(choices=FailedAttempts.Kind.choices)
    name = filters.CharFilter(lookup_expr="iexact")
    address = filters.CharFilter()

    class Meta:
        model = FailedAttempts
        fields: list[str] = []


class SavedViewFilters(filters.FilterSet):
    list_name = filters.CharFilter()
    shared = YesNoFilter()

    class Meta:
        model = SavedView
        fields: list[str] = []
