from django.urls import path

from .views import servers, sources

app_name = "inventory"
urlpatterns = [
    path("inventories/<int:pk>/export/", servers.inventory_export, name="inventory_export"),
    path("servers/<int:pk>/", servers.server_detail, name="server_detail"),
    path(
        "servers/<int:pk>/fetch-host-key/",
        servers.server_fetch_host_key,
        name="server_fetch_host_key",
    ),
    path("servers/<int:pk>/pin-host-key/", servers.server_pin_host_key, name="server_pin_host_key"),
    path(
        "servers/<int:pk>/forget-host-key/",
        servers.server_forget_host_key,
        name="server_forget_host_key",
    ),
    path("sources/<int:pk>/", sources.source_detail, name="source_detail"),
    path("sources/<int:pk>/live/", sources.source_live, name="source_live"),
    path("sources/<int:pk>/check/", sources.source_check, name="source_check"),
    path("sources/<int:pk>/sync/", sources.source_sync, name="source_sync"),
]
