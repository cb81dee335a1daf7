"""The launch form as a person without JavaScript sends it."""

from typing import Any

from django.test import Client
from django.urls import reverse


def send_launch(client: Client, form: dict[str, Any], **more: Any) -> Any:
    """Look at the plan, then run it; the first answer where there is no plan."""
    path = reverse("automation:job_launch")
    shown = client.post(path, form)
    intention = shown.context["intention"]
    if intention is None:
        return shown
    return client.post(path, form | {"expect": intention.digest}, **more)
