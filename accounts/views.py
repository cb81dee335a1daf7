"""Save, change and remove saved views from the list itself."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_POST

from console.lists import reason

from .models import SavedView
from .signed_in import signed_in


@require_POST
@permission_required("accounts.add_savedview", raise_exception=True)
def view_save(request: HttpRequest) -> HttpResponse:
    """Save the list's current filters under a name, replacing the user's own view of that name."""
    list_name, query = request.POST.get("list_name", ""), request.POST.get("query", "")
    try:
        here = reverse(f"admin:{list_name}_changelist")
    except NoReverseMatch:
        raise Http404("There is no such list.") from None
    name, shared = request.POST.get("name", ""), "shared" in request.POST
    try:
        view, is_new = SavedView.objects.keep(
            signed_in(request), list_name, name, query, shared=shared
        )
    except ValidationError as error:
        messages.error(request, f"View not saved. {reason(error)}")
        return redirect(f"{here}?{query}")
    messages.success(request, f"{'Saved' if is_new else 'Replaced'} the view “{view}”.")
    return redirect(view)


@require_POST
@permission_required("accounts.change_savedview", raise_exception=True)
def view_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Rename a view, change its sharing, or update it to what the list shows now."""
    view = _view(request, pk)
    changes: dict[str, Any] = {}
    if "name" in request.POST:
        changes |= {"name": request.POST["name"], "shared": "shared" in request.POST}
    if "query" in request.POST:
        changes["query"] = request.POST["query"]
    try:
        view.change(signed_in(request), **changes)
    except ValidationError as error:
        messages.error(request, f"View not changed. {reason(error)}")
        view.refresh_from_db()
    return redirect(view)


@require_POST
@permission_required("accounts.delete_savedview", raise_exception=True)
def view_remove(request: HttpRequest, pk: int) -> HttpResponse:
    view = _view(request, pk)
    view.remove(signed_in(request))
    messages.success(request, f"Deleted the view “{view}”.")
    return redirect(f"admin:{view.list_name}_changelist")


def _view(request: HttpRequest, pk: int) -> SavedView:
    """A view that this user may open; anyone else's private view is a 404."""
    return get_object_or_404(SavedView.objects.open_to(signed_in(request)), pk=pk)
