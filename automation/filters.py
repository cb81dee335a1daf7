"""Filters for the lists of playbooks, jobs and runs."""

import django_filters.rest_framework as filters
from django.db.models import Q

from console.api.filters import ChoicesFilter, IdFilter, SearchFilter, TimeFilter, YesNoFilter
from inventory.filters import LowerCaseFilter

from .models import Job, Playbook, Run
from .models.jobs import JobQuerySet
from .models.playbooks import PlaybookQuerySet


class PlaybookFilters(filters.FilterSet):
    name = filters.CharFilter()
    is_active = YesNoFilter()
    accepts_undeclared = YesNoFilter()
    search = SearchFilter(method="found", label="Part of name, description or path")
    ordering = filters.OrderingFilter(fields=["name", "created_at", "updated_at"])

    class Meta:
        model = Playbook
        fields: list[str] = []

    def found(self, playbooks: PlaybookQuerySet, name: str, text: str) -> PlaybookQuerySet:
        return playbooks.filter(
            Q(name__icontains=text) | Q(description__icontains=text) | Q(file_path__icontains=text)
        )


class JobFilters(filters.FilterSet):
    status = ChoicesFilter(choices=Job.Status.choices)
    playbook = IdFilter(field_name="playbook_id")
    server = IdFilter(field_name="server_id")
    run = IdFilter(field_name="run_id")
    environment = filters.CharFilter(method="where")
    user = LowerCaseFilter(field_name="user__username")
    created_after = TimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = TimeFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Job
        fields: list[str] = []

    def where(self, jobs: JobQuerySet, name: str, environment: str) -> JobQuerySet:
        return jobs.in_environments([environment.strip().lower()])


class RunFilters(filters.FilterSet):
    state = ChoicesFilter(choices=Run.State.choices)
    outcome = ChoicesFilter(choices=Run.End.choices)
    playbook = IdFilter(field_name="playbook_id")
    user = LowerCaseFilter(field_name="launched_by__username")

    class Meta:
        model = Run
        fields: list[str] = []
