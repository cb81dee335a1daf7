from django.urls import path

from . import views

app_name = "accounts"
urlpatterns = [
    path("account/", views.account, name="account"),
    path("account/sessions/<int:pk>/end/", views.session_end, name="session_end"),
    path("account/sessions/end-others/", views.sessions_end_others, name="sessions_end_others"),
    path("users/<int:pk>/end-sessions/", views.user_sessions_end, name="user_sessions_end"),
    # Before the admin's own page of that address.
    path("admin/password_change/", views.own_password, name="own_password"),
    path("saved-views/save/", views.view_save, name="view_save"),
    path("saved-views/<int:pk>/change/", views.view_change, name="view_change"),
    path("saved-views/<int:pk>/remove/", views.view_remove, name="view_remove"),
]
