from django.urls import path

from . import views

app_name = "audit"

urlpatterns = [path("audit/<str:kind>/<path:identity>/", views.story, name="story")]
