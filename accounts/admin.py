"""Users and API keys in the console."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.forms import Script
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesCheckboxFilter
from unfold.forms import AdminPasswordChangeForm, UserCreationForm

from console.lists import (
    ConsoleAdmin,
    Day,
    Narrow,
    TimeRangeFilter,
    ask_first,
    call_each,
    without_fields,
)

from .models import LAST_ADMIN, ApiKey, User
from .signed_in import signed_in

# Roles are in accounts/permissions.py; Django's groups are not used.
admin.site.unregister(Group)


def ask_twice(form: Any) -> None:
    """Replace Django's texts, which are for users who choose their own password."""
    first, second = form.fields["password1"], form.fields["password2"]
    first.help_text = "At least 10 characters. Not common, not only digits, not like the user name."
    second.label, second.help_text = "Repeat password", ""


class NewUserForm(UserCreationForm):
    """Every user gets a password: there is no other way to log in."""

    usable_password = None

    class Meta:
        model = User
        fields = ["username", "email", "role"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ask_twice(self)

    def clean_username(self) -> str:
        # Django's own method drops a taken name; the model reports it instead.
        return self.cleaned_data["username"]


class NewPasswordForm(AdminPasswordChangeForm):
    usable_password = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ask_twice(self)


class EditUserForm(forms.ModelForm):
    """Leaves out the password: the page has a link to set it in place of its hash."""

    class Meta:
        model = User
        fields = ["username", "email", "role", "is_active"]


@admin.register(User)
class UserAdmin(ConsoleAdmin, DjangoUserAdmin):  # type: ignore[misc]  # unfold has no types
    form = EditUserForm
    add_form = NewUserForm
    add_form_template = None
    change_password_form = NewPasswordForm
    list_display = ["username", "email", "role", "active_pill", "last_login", "created_at"]
    list_filter = [
        ("role", ChoicesCheckboxFilter),
        ("is_active", BooleanRadioFilter),
        ("created_at", TimeRangeFilter),
    ]
    cell_filters = {
        "role": Narrow("role__exact", "role"),
        "active_pill": Narrow("is_active__exact", "is_active"),
        "created_at": Day("created_at"),
    }
    search_fields = ["username", "email"]
    search_help_text = "User name or e-mail"
    ordering = ["username"]
    filter_horizontal = []
    readonly_fields = ["set_password", "last_login", "created_at", "updated_at"]
    fieldsets = [
        (None, {"fields": ["username", "email", "set_password"]}),
        ("Permissions", {"fields": ["role", "is_active"]}),
        ("Times", {"fields": [("last_login", "created_at", "updated_at")]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["username", "email", "role", "password1", "password2"]}),
    ]

    @admin.display(description="password")
    def set_password(self, user: User) -> str:
        url = reverse("admin:auth_user_password_change", args=[user.pk])
        return format_html('<a class="io-link" href="{}">Set a new password</a>', url)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Leave out the link to set a password for users who may only view."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fieldsets
        return without_fields(fieldsets, ["set_password"])

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        names, counts, forbidden, kept = super().get_deleted_objects(objs, request)
        if not User.objects.admins().exclude(pk__in=[user.pk for user in objs]).exists():
            kept.append(LAST_ADMIN)
        return names, counts, forbidden, kept


@admin.register(ApiKey)
class ApiKeyAdmin(ConsoleAdmin):
    when_empty = "A key lets a program act as its owner. Admins issue keys."
    list_display = ["name", "prefix", "owner", "state", "expires_at", "last_used_at", "created_at"]
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
        (None, {"fields": ["name", "owner", "expires_at"]}),
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

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        """Issue the key. Its token is in the message, and nowhere else."""
        key, token = ApiKey.objects.issue(
            obj.owner, name=obj.name, actor=signed_in(request), expires_at=obj.expires_at
        )
        obj.pk, obj.prefix = key.pk, key.prefix
        shown = render_to_string("accounts/_new_key.html", {"key": key, "token": token})
        messages.warning(request, shown)

    @admin.display(description="state")
    def state(self, key: ApiKey) -> str:
        word = "usable" if key.is_usable else "revoked" if key.revoked_at else "expired"
        return render_to_string("accounts/_key_state.html", {"state": word})

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
