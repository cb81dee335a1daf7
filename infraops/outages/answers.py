"""What the console answers while its database is away."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.urls import reverse

RETRY_AFTER_SECONDS = 5
HEALTH = "api:health"


def unavailable(request: HttpRequest, sentence: str) -> HttpResponse:
    """503, without database and session: JSON for the API, otherwise a page."""
    response: HttpResponse
    if request.path == reverse(HEALTH):
        response = JsonResponse({"status": "unhealthy", "detail": sentence}, status=503)
    elif request.path.startswith(reverse("api:root")):
        response = JsonResponse({"detail": sentence, "fields": {}}, status=503)
    else:
        retries = RETRY_AFTER_SECONDS if request.method in ("GET", "HEAD") else 0
        page = render_to_string("503.html", {"sentence": sentence, "retry_seconds": retries})
        response = HttpResponse(page, status=503)
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    response.headers["Cache-Control"] = "no-store"
    return response
