"""/api/: its root, health and documentation, and the routes of all apps."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import Error
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver, path, re_path
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

from console.collected import Endpoint, HealthCheck
from console.parts import parts_of
from infraops import health
from infraops.outages.known import outage

OWN = {"health": "health", "schema": "schema", "docs": "docs"}
CHECKED = [check.name for check in parts_of(HealthCheck)]


def root() -> dict[str, str]:
    """{label: URL name} for the API root."""
    of_apps = {word: name for part in parts_of(Endpoint) for word, name in part.root.items()}
    return {**of_apps, **OWN}


def routes() -> list[URLPattern | URLResolver]:
    """URL patterns of all contributed viewsets."""
    router = SimpleRouter(trailing_slash=False)
    for endpoint in parts_of(Endpoint):
        router.register(endpoint.prefix, endpoint.viewset, basename=endpoint.basename)
    return router.urls


@extend_schema(exclude=True)
class InfraOpsView(APIView):
    """Servers, playbooks, jobs, logs, tickets and the audit trail."""

    name = "InfraOps"

    def get(self, request: Request) -> Response:
        return Response(
            {word: reverse(f"api:{name}", request=request) for word, name in root().items()}
        )


class HealthSerializer(serializers.Serializer):
    status = serializers.CharField(help_text="ok or unhealthy")
    detail = serializers.CharField(
        required=False, help_text="What is wrong with the database, if anything."
    )
    parts = serializers.DictField(
        required=False, help_text=f"{', '.join(CHECKED)}. Only for authenticated users."
    )


@method_decorator(never_cache, name="dispatch")
class HealthView(APIView):
    permission_classes = [AllowAny]
    # The browsable API would look up the user, and the database may be down.
    renderer_classes = [JSONRenderer]

    def perform_authentication(self, request: Request) -> None:
        """Skip: `get` authenticates later, and only if the database answers."""

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Always answer JSON, whatever the client accepts."""
        return super().perform_content_negotiation(request, force=True)

    @extend_schema(responses={200: HealthSerializer, 503: HealthSerializer})
    def get(self, request: Request) -> Response:
        """Check the health of database, queue and workers.

        Authenticated users also see the details.
        """
        parts = health.examine()
        detail = parts["database"].reason
        answer: dict[str, Any] = {}
        try:
            if not detail and request.user.is_authenticated:
                answer["parts"] = {name: part.described() for name, part in parts.items()}
        except Error as error:  # The database has gone since.
            detail = outage.note_error(error)
            if not detail:
                raise
        if detail:
            answer["detail"] = detail
        is_ok = not detail and all(part.is_ok for part in parts.values())
        answer["status"] = "ok" if is_ok else "unhealthy"
        return Response(answer, status=200 if is_ok else 503)


class NoSuchPath(APIView):
    """JSON for everybody, browsers too: there is nothing to browse."""

    permission_classes = [AllowAny]
    renderer_classes = [JSONRenderer]

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        return super().perform_content_negotiation(request, force=True)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        hint = " Paths have no slash at their end." if request.path.endswith("/") else ""
        raise NotFound(f"There is no {request.path}.{hint} {reverse('api:docs')} lists what is.")


@csrf_exempt
@login_not_required
def no_such_path(request: HttpRequest) -> HttpResponseBase:
    # A function, because the browsable API's breadcrumbs show the name of every view on the path.
    return NoSuchPath.as_view()(request)


app_name = "api"
urlpatterns = [
    path("", InfraOpsView.as_view(), name="root"),
    path("health", HealthView.as_view(), name="health"),
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    path(
        "docs",
        SpectacularSwaggerSplitView.as_view(
            url_name="api:schema",
            http_method_names=["get", "head"],
            template_name="infraops/api_docs.html",
            title="InfraOps API",
        ),
        name="docs",
    ),
    *routes(),
    # Everything else, line breaks in the path included.
    re_path(r"", no_such_path, name="unknown"),
]
