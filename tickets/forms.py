"""Forms to comment on a ticket and to edit several."""

from typing import Any, cast

from django import forms
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.models import User

from .models import Ticket, TicketComment, assignees


class CommentForm(forms.Form):
    text = forms.CharField(
        max_length=TicketComment.LONGEST,
        label="Comment",
        widget=UnfoldAdminTextareaWidget({"rows": 5, "aria-describedby": "comment-help"}),
        error_messages={"required": "Write a comment first."},
    )


class AssignForm(forms.Form):
    assignee = forms.ModelChoiceField(
        User.objects.none(),
        required=False,
        empty_label="Unassigned",
        label="Assign to",
        widget=forms.Select({"class": "io-input"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Evaluated each time: what roles may do is known only once all apps are ready.
        cast(forms.ModelChoiceField, self.fields["assignee"]).queryset = assignees()


class PriorityForm(forms.Form):
    priority = forms.ChoiceField(
        choices=Ticket.Priority.choices[::-1], widget=forms.Select({"class": "io-input"})
    )
