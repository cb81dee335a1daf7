"""One's own account, and saved views of lists."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, reverse, reverse_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from console.lists import reason

from .forms import ChangePasswordForm
from .models import SavedView, Session, User
from .signed_in import signed_in


@require_safe
@never_cache
@permission_required("accounts.view_own_session", raise_exception=True)
def account(request: HttpRequest) -> HttpResponse:
    """One's own account: password, sessions, API keys."""
    person = signed_in(request)
    context = {
        **admin.site.each_context(request),
        "title": "Your account",
        "person": person,
        "sessions": person.sessions.all().open(),
        "current": request.session.session_key,
        "keys": person.api_keys.all().usable().select_related("owner"),
        "ending": person.api_keys.all().ending(),
    }
    return render(request, "accounts/account.html", context)


class OwnPasswordView(PasswordChangeView):
    form_class = ChangePasswordForm
    template_name = "accounts/own_password.html"
    success_url = reverse_lazy("accounts:account")
    title = "Change password"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**admin.site.each_context(self.request), **super().get_context_data(**kwargs)}

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        # A cookie for the login page, in place of that of the old password.
        self.request.logged_in = form.user  # type: ignore[attr-defined]
        messages.success(
            self.request,
            "Password changed. Your other sessions have ended. Your API keys still work.",
        )
        return response


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def own_password(request: HttpRequest) -> HttpResponseBase:
    """Open to every user, whatever their role."""
    return OwnPasswordView.as_view()(request)


@require_POST
@permission_required("accounts.view_own_session", raise_exception=True)
def session_end(request: HttpRequest, pk: int) -> HttpResponse:
    """End one of one's own sessions."""
    person = signed_in(request)
    session = get_object_or_404(person.sessions.all(), pk=pk)
    if session.end(person):
        messages.success(request, f"Ended the session of {session}.")
    return redirect("accounts:account")


@require_POST
@permission_required("accounts.view_own_session", raise_exception=True)
def sessions_end_others(request: HttpRequest) -> HttpResponse:
    """End all of one's own sessions but this one."""
    person = signed_in(request)
    ended = Session.objects.end_of(person, person, but=request.session.session_key)
    messages.success(request, f"Ended {ended} other session{'' if ended == 1 else 's'}.")
    return redirect("accounts:account")


@require_POST
@permission_required("accounts.end_session", raise_exception=True)
def user_sessions_end(request: HttpRequest, pk: int) -> HttpResponse:
    """End all sessions of a user, except the one that this request belongs to."""
    user = get_object_or_404(User, pk=pk)
    ended = Session.objects.end_of(user, signed_in(request), but=request.session.session_key)
    messages.success(request, f"Ended {ended} session{'' if ended == 1 else 's'} of {user}.")
    return redirect(user)


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
