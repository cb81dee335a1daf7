from django.urls import path

from . import views

app_name = "inventory"
urlpatterns = [
    path("inventories/<int:pk>/export/", views.inventory_export, name="inventory_export"),
    path("servers/<int:pk>/", views.server_detail, name="server_detail"),
    path(
        "servers/<int:pk>/fetch-host-key/",
        views.server_fetch_host_key,
        name="server_fetch_host_key",
    ),
    path("servers/<int:pk>/pin-host-key/", views.server_pin_host_key, name="server_pin_host_key"),
    path(
        "servers/<int:pk>/forget-host-key/",
        views.server_forget_host_key,
        name="server_forget_host_key",
    ),
]
