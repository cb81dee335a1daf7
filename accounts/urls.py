from django.urls import path

from . import views

app_name = "accounts"
urlpatterns = [
    path("saved-views/save/", views.view_save, name="view_save"),
    path("saved-views/<int:pk>/change/", views.view_change, name="view_change"),
    path("saved-views/<int:pk>/remove/", views.view_remove, name="view_remove"),
]
