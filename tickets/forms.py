"""What people write about a ticket."""

from django import forms
from unfold.widgets import UnfoldAdminTextareaWidget

from .models import TicketComment


class CommentForm(forms.Form):
    text = forms.CharField(
        max_length=TicketComment.LONGEST,
        label="Comment",
        widget=UnfoldAdminTextareaWidget({"rows": 5, "aria-describedby": "comment-help"}),
        error_messages={"required": "Nothing was written, so nothing was said."},
    )
