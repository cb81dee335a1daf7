from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.templatetags.static import static
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from . import views

APP_LABELS = "|".join(sorted({model._meta.app_label for model in admin.site._registry}))

urlpatterns = [
    path("", views.home, name="home"),
    path("", include("audit.urls")),
    path("live/", views.home_live, name="home_live"),
    path("", include("accounts.urls")),
    path("", include("inventory.urls")),
    path("", include("automation.urls")),
    path("", include("tickets.urls")),
    # Browsers request it when a page does not name its icon.
    path(
        "favicon.ico",
        login_not_required(RedirectView.as_view(url=static("favicon.svg"))),
        name="favicon",
    ),
    # The home page says more than the admin's own index.
    path("admin/", RedirectView.as_view(pattern_name="home")),
    # Replaces Unfold's, which finds names of models and caches results for minutes.
    path("admin/search/", views.command_search, name="command_search"),
    # The admin's index of a single app is not one of our pages.
    re_path(rf"^admin/(?P<app_label>{APP_LABELS})/$", views.app_index, name="app_index"),
    path("admin/", admin.site.urls),
    path("api/", include("infraops.api")),
]

handler400 = "infraops.views.bad_request"
handler403 = "infraops.views.permission_denied"
handler404 = "infraops.views.page_not_found"
handler500 = "infraops.views.server_error"
