"""Variables that sound secret on the launch form, whatever their entry says."""

import pytest
from django.urls import reverse

from automation import variables
from automation.models import Run
from tests import make
from tests.automation.sending import send_launch

pytestmark = pytest.mark.django_db

LAUNCH = reverse("automation:job_launch")


@pytest.fixture
def servers(db):
    return [make.server() for _ in range(3)]


def test_what_sounds_secret_is_never_shown_again(client_of, alice, servers):
    declared = {
        "rootpw": {"type": "string", "required": True},
        "pin": {"type": "integer", "required": True},
        "db_password": {"default": "changeme"},
    }
    playbook, client = make.playbook(variables=declared), client_of(alice)
    page = client.get(LAUNCH, {"playbook": playbook.pk})
    fields = {name: page.context["form"][f"var_{name}"].as_widget() for name in declared}
    assert 'type="password"' in fields["rootpw"]
    assert all("data-secret" in field for field in fields.values())
    given = {"rootpw": "hunter2", "pin": 271828, "db_password": "hunter3"}
    run = make.launch(playbook, alice, servers, extra_vars=given)
    run.cancel(alice)
    for path, asked in (
        (LAUNCH, {"playbook": playbook.pk}),
        (LAUNCH, {"run": run.pk}),
        (run.get_absolute_url(), {}),
    ):
        text = client.get(path, asked).content.decode()
        assert not [word for word in ("hunter", "271828") if word in text]
    sent = {"playbook": playbook.pk, "servers": [servers[0].pk], "verbosity": 0, "forks": 5}
    sent |= {"key": "k", "relaunch_of": run.pk, "var_pin": "", "var_db_password": "********"}
    assert send_launch(client, sent).status_code == 302
    again = Run.objects.get(relaunch_of=run)
    assert variables.opened(again.extra_vars) == given
