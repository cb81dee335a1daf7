from django.urls import path

from . import views
from .moves import MOVES

app_name = "tickets"

urlpatterns = [
    path("tickets/<uuid:ticket_id>/", views.ticket_detail, name="ticket_detail"),
    path("tickets/<uuid:ticket_id>/relaunch/", views.ticket_relaunch, name="ticket_relaunch"),
    path("tickets/<uuid:ticket_id>/comment/", views.ticket_comment, name="ticket_comment"),
    path("tickets/<uuid:ticket_id>/comments/<int:pk>/", views.comment_edit, name="comment_edit"),
    *(
        path(
            f"tickets/<uuid:ticket_id>/{verb}/",
            views.ticket_move,
            {"verb": verb},
            name=f"ticket_{verb}",
        )
        for verb in MOVES
    ),
    path("tickets/<uuid:ticket_id>/assign/", views.ticket_assign, name="ticket_assign"),
    path("tickets/<uuid:ticket_id>/prioritise/", views.ticket_prioritise, name="ticket_prioritise"),
]
