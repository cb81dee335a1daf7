"""API keys in the console."""

from typing import Any, ClassVar
from uuid import uuid4

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import Script
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils.cache import add_never_cache_headers
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldBooleanSwitchWidget

from accounts.forms import OwnPasswordField
from accounts.models import ApiKey, User, default_end
from accounts.signed_in import signed_in
from console.lists import (
    ConsoleAdmin,
    Day,
    Narrow,
    TimeRangeFilter,
    ask_first,
    call_each,
    without_fields,
)

# The last few forms that have issued a key, so that sending one again issues no other.
SENT = "issued_keys"
MOST_SENT = 20
ONLY_IN_FORM = ["never_expires", "own_password", "once"]


class NewKeyForm(forms.ModelForm):
    """Issues a key. For somebody else's, the admin's own password is needed."""

    actor: User

    never_expires = forms.BooleanField(
        label="Never expires",
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text="Overrides the date above.",
    )
    own_password = OwnPasswordField(
        label="Your password",
        required=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "current-password"}),
        help_text="Only needed for another user's key.",
    )
    once = forms.CharField(required=False, widget=forms.HiddenInput, max_length=40)

    class Meta:
        model = ApiKey
        fields = ["name", "owner", "expires_at"]
        help_texts: ClassVar = {"expires_at": ""}

    def clean(self) -> dict[str, Any] | None:
        given = super().clean()
        if self.cleaned_data.get("never_expires"):
            self.cleaned_data["expires_at"] = None
        elif "expires_at" not in self.errors and self.cleaned_data.get("expires_at") is None:
            self.add_error("expires_at", "Enter a date, or switch on “Never expires”.")
        owner = self.cleaned_data.get("owner")
        if owner is not None and owner.pk != self.actor.pk and not self.errors:
            self._check_password()
        return given

    def _check_password(self) -> None:
        try:
            OwnPasswordField.check(self.actor, self.cleaned_data.get("own_password", ""))
        except forms.ValidationError as error:
            self.add_error("own_password", error)


@admin.register(ApiKey)
class ApiKeyAdmin(ConsoleAdmin):
    form = NewKeyForm
    when_empty = "A key lets a program act as its owner. Admins issue keys."
    list_display = ["name", "prefix", "owner", "state", "expiry", "last_used_at", "created_at"]
    list_select_related = ["owner"]
    list_filter = [("expires_at", admin.EmptyFieldListFilter), ("created_at", TimeRangeFilter)]
    cell_filters = {
        "owner": Narrow("owner__id__exact", "owner_id"),
        "created_at": Day("created_at"),
    }
    search_fields = ["name", "prefix", "owner__username"]
    search_help_text = "Name, prefix or owner"
    autocomplete_fields = ["owner"]
    readonly_fields = ["prefix", "state", "created_at", "last_used_at", "revoked_at"]
    actions = ["revoke"]
    fieldsets = [
        (None, {"fields": ["name", "owner", "expires_at", *ONLY_IN_FORM]}),
        ("State", {"fields": ["prefix", "state", "created_at", "last_used_at", "revoked_at"]}),
    ]

    class Media:
        js = [Script("copying.js", defer=True)]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        """A user's own keys; all keys for those who may manage them."""
        keys = super().get_queryset(request)
        may_see_all = request.user.has_perm("accounts.view_apikey")
        return keys if may_see_all else keys.filter(owner=request.user.pk)

    def has_view_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """`obj` has passed get_queryset."""
        return request.user.has_perm("accounts.view_own_apikey")

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Anyone may revoke their own keys, as in the API; the verb refuses others."""
        return request.user.has_perm("accounts.view_own_apikey")

    # The form for a new key

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        return fieldsets if obj is None else without_fields(fieldsets, ONLY_IN_FORM)

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, **kwargs)
        form.actor = signed_in(request)
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        usual = {"owner": request.user.pk, "expires_at": default_end(), "once": uuid4().hex}
        return {**usual, **super().get_changeform_initial_data(request)}

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Reloading the page that shows the token sends the form again: it then does nothing."""
        sent = request.POST.get("once", "")
        if sent and sent in request.session.get(SENT, []):
            messages.info(request, "This API key was already issued. Its token is not shown again.")
            return redirect("admin:accounts_apikey_changelist")
        return super().add_view(request, *args, **kwargs)

    def render_change_form(self, request: HttpRequest, context: Any, **kwargs: Any) -> HttpResponse:
        """One button: the response to it shows the token."""
        context |= {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().render_change_form(request, context, **kwargs)

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        """Issue the key. Its token is in the response, and nowhere else."""
        key, token = ApiKey.objects.issue(
            obj.owner, name=obj.name, actor=signed_in(request), expires_at=obj.expires_at
        )
        obj.pk, obj.prefix, obj.token = key.pk, key.prefix, token  # type: ignore[attr-defined]
        sent = [*request.session.get(SENT, []), form.cleaned_data["once"]]
        request.session[SENT] = sent[-MOST_SENT:]

    def response_add(
        self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the token on this page: a message would carry it in a cookie."""
        context = {
            **self.admin_site.each_context(request),
            "title": "API key issued",
            "key": obj,
            "token": obj.token,  # type: ignore[attr-defined]
        }
        response = TemplateResponse(request, "accounts/key_issued.html", context)
        add_never_cache_headers(response)
        return response

    # The list

    @admin.display(description="state")
    def state(self, key: ApiKey) -> str:
        word = "usable" if key.is_usable else "revoked" if key.revoked_at else "expired"
        return render_to_string("accounts/_key_state.html", {"state": word})

    @admin.display(description="expires", ordering="expires_at")
    def expiry(self, key: ApiKey) -> str:
        return render_to_string("accounts/_key_expiry.html", {"key": key})

    @admin.action(description="Revoke", permissions=["revoke"])
    @ask_first("Revoke these keys permanently?", button="Revoke")
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        call_each(
            request,
            keys.select_related("owner"),
            lambda key: key.revoke(request.user),
            done="Revoked",
            unchanged="Already revoked",
        )
