"""What people write about a ticket, and choose for several."""

from django import forms
from unfold.widgets import UnfoldAdminTextareaWidget

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
        assignees(),
        required=False,
        empty_label="nobody",
        label="Assign to",
        widget=forms.Select({"class": "io-input"}),
    )


class PriorityForm(forms.Form):
    priority = forms.ChoiceField(
        choices=Ticket.Priority.choices[::-1], widget=forms.Select({"class": "io-input"})
    )
