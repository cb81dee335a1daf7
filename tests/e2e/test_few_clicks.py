"""How many clicks a launch takes, counted in a real browser."""

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from automation.models import Run, Worker
from tests import make

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db(transaction=True)]

COUNT = """
    addEventListener("click", (event) => {
        if (!event.isTrusted) return;
        sessionStorage.clicks = Number(sessionStorage.clicks || 0) + 1;
    }, true);
"""


@pytest.fixture
def counted(page_of):
    """`counted(alice)`: a tab that counts what is clicked, on whichever page."""

    def opened(user) -> Page:
        page = page_of(user)
        page.add_init_script(COUNT)
        return page

    return opened


def clicks(page: Page) -> int:
    return int(page.evaluate("sessionStorage.clicks || 0"))


@pytest.fixture
def ran(alice) -> Run:
    """What alice ran last: Deploy on web1, in production."""
    Worker.objects.beat()
    web1 = make.server(hostname="web1", environment="production")
    playbook = make.playbook(name="Deploy", variables={"version": {"required": True}})
    run = make.launch(playbook, alice, [web1], extra_vars={"version": "1.4"})
    Run.objects.filter(pk=run.pk).update(
        state="finished", outcome="success", started_at=timezone.now(), finished_at=timezone.now()
    )
    run.jobs.update(status="success")
    return Run.objects.get()


@pytest.mark.parametrize("start", ["home", "playbook"])
def test_two_run_again_what_one_ran_last(counted, alice, ran, start):
    page = counted(alice)
    page.goto(reverse("home") if start == "home" else ran.playbook.get_absolute_url())
    page.get_by_role("link", name="Run again").or_(
        page.get_by_role("link", name="Run Deploy again on web1 (production)")
    ).click()
    expect(page.get_by_text("Runs “Deploy” on 1 of 1 active server (web1)")).to_be_visible()
    page.get_by_role("button", name="Relaunch on web1 (production)").click()
    expect(page).to_have_title("Pending · Deploy on web1 | InfraOps")
    assert clicks(page) == 2
    again = Run.objects.latest("id")
    assert (again.relaunch_of, again.extra_vars) == (ran, {"version": "1.4"})


def test_the_launch_form_is_one_click_from_everywhere(counted, alice, ran):
    page = counted(alice)
    for path in (
        reverse("home"),
        ran.jobs.get().get_absolute_url(),
        reverse("admin:inventory_server_changelist"),
    ):
        page.goto(path)
        page.locator("#header-inner").get_by_role("link", name="Run a playbook").click()
        page.wait_for_url(f"**{reverse('automation:job_launch')}")


def test_a_row_of_the_playbooks_leads_to_its_form(counted, alice, ran):
    page = counted(alice)
    page.goto(reverse("admin:automation_playbook_changelist"))
    page.get_by_role("link", name="Run Deploy").click()
    page.wait_for_url(f"**?playbook={ran.playbook_id}")
    expect(page.get_by_role("heading", name="Deploy", exact=True)).to_be_visible()
    assert clicks(page) == 1
