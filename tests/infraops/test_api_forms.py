"""Forms of the browsable API: what they are filled with can be sent."""

import json
import re
from html import unescape
from typing import Any

import pytest

from tests import make


def form_of(client, path) -> Any:
    """The body that the form of the browsable API is filled with."""
    page = client.get(f"/api/{path}", headers={"Accept": "text/html"}).content.decode()
    (text,) = re.findall(r'<textarea[^>]*name="_content"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    return json.loads(unescape(text))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("servers", {"hostname": ""}),  # ssh may know its address
        ("api-keys", {"name": ""}),  # an empty `expires_at` would be: never
        ("jobs", {"playbook_id": None}),
        ("users", {"username": "", "email": "", "password": ""}),
        ("tickets", {"title": ""}),
    ],
)
def test_a_form_for_a_new_row_has_what_is_required(client_of, boss, path, body):
    assert form_of(client_of(boss), path) == body


@pytest.mark.parametrize("kind", ["server", "playbook", "ticket", "credential", "user"])
def test_a_form_for_a_row_can_be_sent_as_it_is(client_of, api_of, boss, kind):
    row = getattr(make, kind)()
    path = f"{kind}s/{getattr(row, f'{kind}_id', row.pk)}"
    body = form_of(client_of(boss), path)
    assert len(body) > 2
    answer = api_of(boss).patch(f"/api/{path}", body)
    assert answer.status_code == 200, answer.json()
