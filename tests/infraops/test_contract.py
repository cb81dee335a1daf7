"""The API keeps the contract of `/api/schema`: Schemathesis derives requests from the schema.

Whatever endpoints there are, each gets up to EXAMPLES requests that the schema allows, and as many
that it forbids; the seed is fixed. Answers must be documented and of the documented shape, and
nothing that the schema forbids may be accepted.

Two edges are faked, and nothing else: a launch queues no wake-up (the run stays pending; no worker
is there), and nobody asks a server for its host keys.
"""

import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.urls import resolve
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation

from accounts.models import User
from automation.models import Run
from infraops.wsgi import application
from inventory.models import host_keys
from schema.exceptions import Refused
from tests import make
from tests.permission_table import API

pytestmark = [pytest.mark.slow, pytest.mark.only_on("sqlite")]

EXAMPLES = 20
CONFIG = SchemathesisConfig.from_dict(
    {
        "seed": 11,
        "generation": {"max-examples": EXAMPLES, "deterministic": True, "database": "none"},
        "phases": {
            "examples": {"enabled": False},
            "stateful": {"enabled": False},
            "coverage": {"enabled": False},
        },
        # A valid body may name a server that does not exist, or a file that is not there.
        "checks": {"positive_data_acceptance": {"enabled": False}},
    }
)
DOCUMENT: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
schema = schemathesis.openapi.from_dict(json.loads(json.dumps(DOCUMENT)), config=CONFIG)
schema.app = application


def test_that_is_the_schema_that_is_served(api_of, bob):
    served = api_of(bob).get("/api/schema?format=json", headers={"Accept": "application/json"})
    assert served.json()["paths"].keys() == DOCUMENT["paths"].keys()


@pytest.fixture
def one_connection() -> Iterator[None]:
    """Requests use the connection of the test, whose transaction is rolled back."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def boss_token(boss: User, one_connection: None, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(Run, "wake_worker", lambda run: None)
    monkeypatch.setattr(host_keys, "scan_host_keys", refuse_scan)
    return make.api_key(boss)[1]


def refuse_scan(address: str, port: int) -> list[str]:
    raise Refused(f"{address} port {port} was not asked.")


def real_row(template: str, boss: User) -> list[Any]:
    """The path parameters of a row that exists: the same as for the table of permissions."""
    some = re.sub(r"\{(job_id|ticket_id)\}", str(uuid4()), template)
    name = resolve(re.sub(r"\{\w+\}", "1", some)).view_name
    return API[name].arguments(boss)


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
    derandomize=True,
)
def test_an_operation(case: Any, boss: User, boss_token: str) -> None:
    headers = {"Authorization": f"Bearer {boss_token}", "Accept-Encoding": "identity"}
    with transaction.atomic():
        row = real_row(case.operation.path, boss)
        path = case.meta.components.get(ParameterLocation.PATH)
        if path is not None and path.mode.is_positive:
            names = re.findall(r"\{(\w+)\}", case.operation.path)
            case.path_parameters.update(zip(names, map(str, row), strict=True))
        case.call_and_validate(headers=headers)
        transaction.set_rollback(True)
