from django.urls import path

from . import views

app_name = "tickets"

urlpatterns = [
    *(
        path(
            f"tickets/<uuid:ticket_id>/{verb}/",
            views.ticket_move,
            {"verb": verb},
            name=f"ticket_{verb}",
        )
        for verb in views.MOVES
    ),
    path("tickets/<uuid:ticket_id>/assign/", views.ticket_assign, name="ticket_assign"),
    path("tickets/<uuid:ticket_id>/prioritise/", views.ticket_prioritise, name="ticket_prioritise"),
]
