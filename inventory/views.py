"""What one does on a server's page besides editing it."""

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from accounts.signed_in import signed_in

from .models import Server


@require_POST
@permission_required("inventory.change_server", raise_exception=True)
def server_forget_host_key(request: HttpRequest, pk: int) -> HttpResponse:
    """The next run learns a new one."""
    server = get_object_or_404(Server, pk=pk)
    if server.forget_host_key(signed_in(request)):
        messages.success(request, "The host key is forgotten: the next run learns the new one.")
    else:
        messages.info(request, "No host key was pinned.")
    return redirect(server)
