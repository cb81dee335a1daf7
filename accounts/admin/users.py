"""Users in the console."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesCheckboxFilter
from unfold.forms import AdminPasswordChangeForm, UserCreationForm

from accounts.models import LAST_ADMIN, User
from accounts.signed_in import signed_in
from console.lists import ConsoleAdmin, Day, Narrow, TimeRangeFilter, without_fields

# Roles are in accounts/permissions.py; Django's groups are not used.
admin.site.unregister(Group)

SHOWN_SESSIONS = 10


def ask_twice(form: Any) -> None:
    """Replace Django's texts, which are for users who choose their own password."""
    first, second = form.fields["password1"], form.fields["password2"]
    first.help_text = (
        "At least 10 characters. Not common, not only digits, not like the user name. "
        "The user has to choose another one when they log in."
    )
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
        self.instance.must_change_password = True

    def clean_username(self) -> str:
        # Django's own method drops a taken name; the model reports it instead.
        return self.cleaned_data["username"]


class NewPasswordForm(AdminPasswordChangeForm):
    usable_password = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ask_twice(self)

    def save(self, commit: bool = True) -> User:
        self.user.must_change_password = True
        return super().save(commit)


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
    change_form_outer_after_template = "accounts/_user_sessions.html"
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

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if person := context["original"]:
            context["sessions"] = list(person.sessions.all().open()[:SHOWN_SESSIONS])
        return super().render_change_form(request, context, *args, **kwargs)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:
        """Whoever changes their own password has to know the old one.

        Also at an address such as 01/password/, which finds the same row.
        """
        user = self.get_object(request, unquote(id))
        if user is not None and user.pk == signed_in(request).pk:
            return redirect("admin:password_change")
        response: HttpResponse = super().user_change_password(request, id, form_url)
        return response

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
