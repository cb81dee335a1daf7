"""A server's page and its buttons, and an inventory's export. Lists and forms are in admin/."""

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.signed_in import signed_in
from inventory.ansible.provenance import groups_of, list_variables
from inventory.exporting import EXPORT_SECRETS, export_inventory
from inventory.exporting.forms import ExportForm
from inventory.exporting.responses import file_response
from inventory.models import Inventory, Server
from schema.exceptions import Refused


@require_safe
@permission_required("inventory.view_server", raise_exception=True)
def server_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Its state, recent activity, how Ansible connects, and what is known about it."""
    related = Server.objects.select_related("credential", "facts")
    server = get_object_or_404(related, pk=pk)
    context = {
        **admin.site.each_context(request),
        "model_admin": admin.site.get_model_admin(Server),
        "title": server.hostname,
        "server": server,
        "facts": getattr(server, "facts", None),
        "variables": list_variables(server),
        "groups": groups_of(server),
    }
    return TemplateResponse(request, "inventory/server_detail.html", context)


@require_POST
@permission_required("inventory.change_server", raise_exception=True)
def server_fetch_host_key(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the keys that the server presents now, for comparison; nothing is pinned."""
    server = get_object_or_404(Server, pk=pk)
    try:
        keys = server.fetch_host_keys(signed_in(request))
    except Refused as error:
        messages.error(request, str(error))
        return redirect(server)
    context = {
        **admin.site.each_context(request),
        "title": f"Host key of {server}",
        "server": server,
        "keys": keys,
        "is_same": any(key.is_pinned for key in keys),
    }
    return TemplateResponse(request, "inventory/server_host_key.html", context)


@require_POST
@permission_required("inventory.change_server", raise_exception=True)
def server_pin_host_key(request: HttpRequest, pk: int) -> HttpResponse:
    """Pin exactly the key that was shown; the form sends it back."""
    server = get_object_or_404(Server, pk=pk)
    try:
        is_new = server.pin_host_key(signed_in(request), request.POST.get("host_key", ""))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect(server)
    shown = ", ".join(server.fingerprints())
    said = f"Pinned {shown}." if is_new else f"{shown} is already pinned."
    messages.success(request, said)
    return redirect(server)


@require_POST
@permission_required("inventory.change_server", raise_exception=True)
def server_forget_host_key(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget the pinned key, so that the next run pins the server's new one."""
    server = get_object_or_404(Server, pk=pk)
    if server.forget_host_key(signed_in(request)):
        messages.success(request, "Host key forgotten. The next run pins the one it is shown.")
    else:
        messages.info(request, "No host key is pinned.")
    return redirect(server)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("inventory.view_server", raise_exception=True)
def inventory_export(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for format and secrets, and answer with the file."""
    inventory, actor = get_object_or_404(Inventory, pk=pk), signed_in(request)
    may_have_secrets = actor.has_perm(EXPORT_SECRETS)
    form = ExportForm(request.POST or None, may_have_secrets=may_have_secrets)
    refusal = ""
    if form.is_valid():
        kind = form.cleaned_data.pop("format")
        form.cleaned_data.pop("again", None)
        try:
            files = export_inventory(actor, inventory, kind, **form.cleaned_data)
            return file_response(files, inventory, kind)
        except Refused as error:
            refusal = str(error)
        except ValidationError as error:
            form.add_error(None, error)
    context = {
        **admin.site.each_context(request),
        "model_admin": admin.site.get_model_admin(Inventory),
        "title": f"Export {inventory}",
        "inventory": inventory,
        "servers": inventory.servers.filter(is_active=True).count(),
        "form": form,
        "refusal": refusal,
    }
    return TemplateResponse(request, "inventory/inventory_export.html", context)
