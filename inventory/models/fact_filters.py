"""Servers by their operating system and by their facts."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any, Self

from django.db.models import Q
from django.db.models.fields.json import KeyTransform

from .fact_texts import parse_fact
from .host_names import HostNameQuerySet


class FactQuerySet(HostNameQuerySet):
    def with_os(self, text: str) -> Self:
        """Servers with “Debian” in any version, “Debian 12” (also 12.5) or “Debian 12.5”."""
        name, _space, version = text.strip().rpartition(" ")
        given = Q(os_type__iexact=text.strip())
        if name:
            exact = Q(os_version=version) | Q(os_version__startswith=f"{version}.")
            given |= Q(os_type__iexact=name.strip()) & exact
        return self.filter(given)

    def with_fact(self, text: str) -> Self:
        """Servers whose facts meet a condition: see fact_texts.py. Raises ValidationError."""
        fact = parse_fact(text)
        value: Any = "facts__facts"
        for name in fact.path:
            value = KeyTransform(name, value)
        rows = self.alias(fact=value)
        if fact.operator == ">=":
            return rows.filter(fact__gte=fact.number)
        if fact.operator == "<=":
            return rows.filter(fact__lte=fact.number)
        is_there = Q(fact__isnull=False)
        equal = reduce(or_, (Q(fact=each) for each in fact.values))
        return rows.filter({"": is_there, "=": equal, "!=": is_there & ~equal}[fact.operator])
