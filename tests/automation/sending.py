"""Submit the forms that launch like a user without JavaScript."""

from typing import Any

from django.test import Client
from django.urls import reverse


def send_launch(client: Client, form: dict[str, Any], **more: Any) -> Any:
    """Show the plan, then run it. Returns the first response if there is no plan."""
    path = reverse("automation:job_launch")
    shown = client.post(path, form)
    intention = shown.context["intention"]
    if intention is None:
        return shown
    return client.post(path, form | {"expect": intention.digest}, **more)


def send_relaunch(client: Client, path: str, given: dict[str, Any], **more: Any) -> Any:
    """Show what would run, then agree. Returns the first response if it was refused."""
    asked = client.post(path, given)
    if asked.status_code != 200:
        return asked
    return client.post(path, given | dict(asked.context["sent"]) | {"confirmed": "yes"}, **more)
