"""/api/: its root, health, documentation, and which view set answers where."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import path, re_path
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.routers import SimpleRouter
from rest_framework.views import APIView

from accounts.api import ApiKeyViewSet, UserViewSet
from accounts.view_api import SavedViewViewSet
from audit.api import AuditLogViewSet
from automation.api.jobs import JobViewSet
from automation.api.playbooks import PlaybookViewSet
from automation.api.runs import RunViewSet
from automation.api.servers import ServerCheckViewSet
from automation.api.vault_passwords import VaultPasswordViewSet
from infraops import health
from inventory.api import CredentialViewSet, ServerViewSet
from tickets.api import TicketViewSet

router = SimpleRouter(trailing_slash=False)
router.register("servers", ServerViewSet)
router.register("servers", ServerCheckViewSet, basename="server-check")
router.register("playbooks", PlaybookViewSet)
router.register("vault-passwords", VaultPasswordViewSet)
router.register("credentials", CredentialViewSet)
router.register("jobs", JobViewSet)
router.register("runs", RunViewSet)
router.register("tickets", TicketViewSet)
router.register("audit-logs", AuditLogViewSet)
router.register("users", UserViewSet)
router.register("api-keys", ApiKeyViewSet)
router.register("saved-views", SavedViewViewSet)

ROOT = {
    "servers": "server-list",
    "playbooks": "playbook-list",
    "vault-passwords": "vaultpassword-list",
    "credentials": "credential-list",
    "jobs": "job-list",
    "runs": "run-list",
    "tickets": "ticket-list",
    "audit-logs": "auditlog-list",
    "users": "user-list",
    "me": "user-me",
    "api-keys": "apikey-list",
    "saved-views": "savedview-list",
    "health": "health",
    "schema": "schema",
    "docs": "docs",
}


@extend_schema(exclude=True)
class InfraOpsView(APIView):
    """Servers, playbooks, jobs, logs, tickets and the audit trail."""

    name = "InfraOps"

    def get(self, request: Request) -> Response:
        return Response(
            {word: reverse(f"api:{name}", request=request) for word, name in ROOT.items()}
        )


class HealthSerializer(serializers.Serializer):
    status = serializers.CharField(help_text="ok or unhealthy")
    parts = serializers.DictField(
        required=False, help_text="database, queue, worker: for those logged in."
    )


@method_decorator(never_cache, name="dispatch")
class HealthView(APIView):
    permission_classes = [AllowAny]
    # The browsable API asks for the user's name, and the database may be away.
    renderer_classes = [JSONRenderer]

    def perform_authentication(self, request: Request) -> None:
        """Later, and only when the database answers."""

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Whatever the client accepts, it gets JSON."""
        return super().perform_content_negotiation(request, force=True)

    @extend_schema(responses={200: HealthSerializer, 503: HealthSerializer})
    def get(self, request: Request) -> Response:
        """Whether database, queue and a worker are there; to those logged in also why not."""
        parts = health.examine()
        is_ok = all(part.is_ok for part in parts.values())
        answer: dict[str, Any] = {"status": "ok" if is_ok else "unhealthy"}
        if parts["database"].is_ok and request.user.is_authenticated:
            answer["parts"] = {name: part.described() for name, part in parts.items()}
        return Response(answer, status=200 if is_ok else 503)


class NoSuchPath(APIView):
    permission_classes = [AllowAny]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        hint = " Paths have no slash at their end." if request.path.endswith("/") else ""
        raise NotFound(f"There is no {request.path}.{hint} {reverse('api:docs')} lists what is.")


@csrf_exempt
@login_not_required
def no_such_path(request: HttpRequest) -> HttpResponseBase:
    # A function, because the breadcrumbs of the browsable API name every view that they resolve.
    return NoSuchPath.as_view()(request)


app_name = "api"
urlpatterns = [
    path("", InfraOpsView.as_view(), name="root"),
    path("health", HealthView.as_view(), name="health"),
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    path(
        "docs",
        SpectacularSwaggerSplitView.as_view(
            url_name="api:schema", http_method_names=["get", "head"]
        ),
        name="docs",
    ),
    *router.urls,
    re_path(r"^.*$", no_such_path, name="unknown"),
]
