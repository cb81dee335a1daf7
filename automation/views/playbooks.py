"""What one does to a registered playbook."""

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from audit.console import call_each
from automation.models import Playbook


@require_POST
@permission_required("automation.accept_playbook", raise_exception=True)
def playbook_accept(request: HttpRequest, pk: int) -> HttpResponse:
    """Accept the changed file; not another one than the page has shown (`hash`)."""
    playbook = get_object_or_404(Playbook, pk=pk)
    if request.POST.get("hash") != playbook.current_hash():
        messages.error(request, "The file has changed again since you looked: read it once more.")
        return redirect(playbook)
    call_each(
        request,
        [playbook],
        lambda playbook: playbook.accept_file(request.user),
        done="Accepted",
        unchanged="Had not changed",
    )
    return redirect(playbook)
