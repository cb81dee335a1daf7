"""The main pages, as full as in `make bench ARGS=pages`, answer each role with few queries."""

from collections.abc import Iterator

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from bench.pages import Page, main_pages
from demo import making
from demo.scale import SCALES

CEILING = 15
# Home says when API keys end, and which inventory sources cannot be synced. The combined log takes
# three more, the failures' links to full results one; a failed job what would run at a relaunch.
# The launch form counts the servers of groups, and of each of the four smart groups.
HIGHER = {"home": 17, "run of many servers": 19, "job, a failed one": 16, "launch form": 22}
# Pages that viewers may not see.
NOT_FOR_VIEWERS = {"audit", "audit, one object's story", "audit line", "launch form", "API: audit"}


def seen(client: Client, pages: list[Page]) -> Iterator[tuple[str, int, int]]:
    """(page, status, queries)."""
    for page in pages:
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(page.url)
        yield page.name, answer.status_code, len(queries)


def test_each_main_page_answers_with_few_queries(client_of, db):
    making.seed(SCALES["small"], 1, lambda text: None)
    pages = list(main_pages())
    assert len(pages) > 20
    for role in (User.Role.ADMIN, User.Role.VIEWER):
        client = client_of(User.objects.filter(role=role, is_active=True).order_by("id")[0])
        found = list(seen(client, pages))
        assert [
            (name, count) for name, _status, count in found if count > HIGHER.get(name, CEILING)
        ] == []
        refused = {name for name, status, _count in found if status != 200}
        assert refused == (NOT_FOR_VIEWERS if role == User.Role.VIEWER else set())
