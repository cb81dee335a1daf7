"""What the console's admin pages share: lists that never count for long, history that stays as it
is, and actions that call verbs and say what came of it."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.admin import ShowFacets
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.db.models.deletion import PROTECT, RESTRICT
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import cached_property
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import FieldTextFilter, RangeDateTimeFilter
from unfold.views import ChangeList

from schema.exceptions import Refused

COUNTED_ROWS = 10_000
NAMED_ROWS = 10


class AtLeast(int):
    """A count that stopped: shown as "10000+"."""

    def __str__(self) -> str:
        return f"{int(self)}+"


class CappedPaginator(Paginator):
    """Counts to 10,000 and no further: a COUNT over millions of rows takes seconds."""

    object_list: QuerySet

    @cached_property
    def count(self) -> int:
        found = self.object_list.order_by()[: COUNTED_ROWS + 1].count()
        return AtLeast(COUNTED_ROWS) if found > COUNTED_ROWS else found


class Rows(ChangeList):
    """A change list that offers "show all" only where something hides rows."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not self.query and not self.has_active_filters:
            self.full_result_count = self.result_count


class TimeRangeFilter(RangeDateTimeFilter):
    """From (included) to (excluded), in the console's time zone; a date alone is its midnight."""

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        for end, lookup in (("from", "gte"), ("to", "lt")):
            moment = self._moment(end)
            if moment is not None:
                queryset = queryset.filter(**{f"{self.parameter_name}__{lookup}": moment})
        return queryset

    def _moment(self, end: str) -> datetime | None:
        date = self.used_parameters.get(f"{self.parameter_name}_{end}_0")
        time = self.used_parameters.get(f"{self.parameter_name}_{end}_1") or "00:00"
        if not date:
            return None
        try:
            moment = parse_datetime(f"{date} {time}")
        except ValueError:
            moment = None
        if moment is None:
            raise IncorrectLookupParameters(f"{date} {time} is no time.")
        return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


class ExactFilter(FieldTextFilter):
    """A text box whose text is looked up as a whole, so that an index helps."""

    lookup = "exact"

    def __init__(
        self, field: Any, request: HttpRequest, params: Any, *where: Any, **named: Any
    ) -> None:
        given = params.get(f"{field.name}__{self.lookup}")
        super().__init__(field, request, params, *where, **named)
        self.lookup_kwarg, self.lookup_val = f"{self.field_path}__{self.lookup}", given

    def expected_parameters(self) -> list[str | None]:
        return [f"{self.field_path}__{self.lookup}"]


class PrefixFilter(ExactFilter):
    lookup = "startswith"


class ConsoleAdmin(ModelAdmin):
    """A model's pages in the console. What they change is recorded in the audit trail, so the
    admin's own log stays empty, and "history" leads to that trail."""

    paginator = CappedPaginator
    show_full_result_count = False
    # "Show counts" beside each filter would count the whole table, once for each choice.
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    list_filter_submit = True
    list_fullwidth = True
    view_on_site = False
    delete_confirmation_max_display = 20
    # What an empty list says to whoever may fill it.
    when_empty = ""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return Rows

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> None:
        pass

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> None:
        pass

    def log_deletions(self, request: HttpRequest, queryset: QuerySet) -> None:
        pass

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """The story of the object: the audit trail, filtered."""
        obj = self.get_object(request, object_id)
        if obj is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not request.user.has_perm("audit.view_auditlog"):
            raise PermissionDenied
        return HttpResponseRedirect(story_of(obj))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What history names stays: the page says so, instead of listing a million rows."""
        names = [str(obj) for obj in objs]
        kept = [f"{obj}: {uses}" for obj in objs if (uses := named_by(obj))]
        return names, {self.opts.verbose_name_plural: len(names)}, set(), kept

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        obj.delete()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        # One by one, so that a row's own delete() may refuse.
        for obj in queryset:
            obj.delete()


class HistoryAdmin(ConsoleAdmin):
    """What has happened: to be read, by nobody to be changed."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def story_of(obj: Model) -> str:
    """The URL of the audit lines about an object."""
    name = obj._meta.model_name or ""
    identity = getattr(obj, f"{name}_id", None) or obj.pk
    query = urlencode({"resource_type__exact": name, "resource_id__exact": identity})
    return f"{reverse('admin:audit_auditlog_changelist')}?{query}"


def named_by(obj: Model) -> str:
    """Which kinds of rows forbid deleting this one: "used by jobs and runs", or nothing."""
    kinds = [
        str(relation.related_model._meta.verbose_name_plural)
        for relation in obj._meta.related_objects
        if relation.on_delete in (PROTECT, RESTRICT)
        and relation.related_model._base_manager.filter(**{relation.field.name: obj}).exists()
    ]
    return f"used by {' and '.join(kinds)}; deactivate it instead" if kinds else ""


def row_key(text: str | None) -> int:
    """The key of a row as a URL or a form names it; 0, which no row has, for anything else that
    stands there, numbers too large for a database among it."""
    return int(text) if text and text.isdecimal() and len(text) < 19 else 0


# --- Actions --------------------------------------------------------------------------------------


def call_each(
    request: HttpRequest,
    rows: Iterable[Model],
    verb: Callable[[Any], bool],
    *,
    done: str,
    unchanged: str,
) -> int:
    """Call a verb on each row and tell the person: "Cancelled: …", "Had ended already: …", and
    each refusal with its reason. Returns how many changed."""
    changed: list[str] = []
    same: list[str] = []
    for row in rows:
        try:
            (changed if verb(row) else same).append(str(row))
        except (Refused, ValidationError, PermissionDenied) as error:
            messages.error(request, f"{row}: {reason(error)}")
    if changed:
        messages.success(request, f"{done}: {listed(changed)}.")
    if same:
        messages.info(request, f"{unchanged}: {listed(same)}.")
    return len(changed)


def reason(error: Exception) -> str:
    """An expected failure in words for the person who caused it."""
    if isinstance(error, ValidationError):
        return " ".join(error.messages)
    return str(error) or "You may not do this."


def listed(names: list[str]) -> str:
    """ "a, b, c and 4 more"."""
    shown = ", ".join(names[:NAMED_ROWS])
    rest = len(names) - NAMED_ROWS
    return f"{shown} and {rest} more" if rest > 0 else shown


def confirmed(question: str, *, button: str) -> Callable[[Callable], Callable]:
    """An admin action that asks first: a page with the chosen rows and one button."""

    def decorate(action: Callable) -> Callable:
        @wraps(action)
        def ask_or_do(
            model_admin: ConsoleAdmin, request: HttpRequest, queryset: QuerySet
        ) -> HttpResponse | None:
            if "confirmed" in request.POST:
                return action(model_admin, request, queryset)
            return intermediate(
                model_admin, request, queryset, "audit/confirm.html", title=question, button=button
            )

        return ask_or_do

    return decorate


def intermediate(
    model_admin: ModelAdmin, request: HttpRequest, queryset: QuerySet, template: str, **more: Any
) -> TemplateResponse:
    """A page between choosing an action and doing it; its form sends the choice once more."""
    names = [str(row) for row in queryset[: NAMED_ROWS + 1]]
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "action": request.POST.get("action", ""),
        "select_across": request.POST.get("select_across", "0"),
        "chosen": request.POST.getlist(ACTION_CHECKBOX_NAME),
        "names": names[:NAMED_ROWS],
        "more_names": len(names) > NAMED_ROWS,
        **more,
    }
    return TemplateResponse(request, template, context)
