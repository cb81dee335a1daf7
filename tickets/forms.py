"""What people write about a ticket, and choose for several."""

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
        error_messages={"required": "Nothing was written, so nothing was said."},
    )


class AssignForm(forms.Form):
    assignee = forms.ModelChoiceField(
        User.objects.none(),
        required=False,
        empty_label="nobody",
        label="Assign to",
        widget=forms.Select({"class": "io-input"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Asked anew each time: the apps say what roles may do once all of them are there.
        cast(forms.ModelChoiceField, self.fields["assignee"]).queryset = assignees()


class PriorityForm(forms.Form):
    priority = forms.ChoiceField(
        choices=Ticket.Priority.choices[::-1], widget=forms.Select({"class": "io-input"})
    )
