"""How many clicks a launch takes, counted in a real browser."""

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from automation.models import Run, Worker
from tests import make
from tests.e2e.test_accessibility import violations

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
    """alice's last run: Deploy on web1, in production."""
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
    page.get_by_role("link", name="Relaunch").or_(
        page.get_by_role("link", name="Relaunch Deploy on web1 (production)")
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


def test_three_run_it_on_a_server(counted, alice, ran):
    make.server(hostname="db1", environment="staging", ip_address="10.0.7.9")
    page = counted(alice)
    page.goto(reverse("admin:automation_playbook_changelist"))
    page.get_by_role("link", name="Run Deploy").click()
    page.fill("[name=var_version]", "1.5")
    # Each server has its environment and address beside it.
    expect(page.locator(".io-pick", has_text="web1").locator(".io-production")).to_be_visible()
    expect(page.locator(".io-pick", has_text="db1")).to_contain_text("10.0.7.9")
    page.get_by_role("checkbox", name="db1").check()
    page.get_by_role("button", name="Run on 1 server", exact=True).click()
    expect(page).to_have_title("Pending · Deploy on db1 | InfraOps")
    assert clicks(page) == 3


def test_three_run_it_where_and_with_what_one_did_last(counted, alice, ran):
    page = counted(alice)
    page.goto(ran.playbook.get_absolute_url())
    page.get_by_role("link", name="Run", exact=True).click()
    expect(page.get_by_text("on web1 (production), with version 1.4")).to_be_visible()
    page.get_by_role("button", name="Use again").click()
    expect(page.get_by_role("checkbox", name="web1")).to_be_checked()
    page.get_by_role("button", name="Run on 1 server, in production").click()
    expect(page).to_have_title("Pending · Deploy on web1 | InfraOps")
    assert clicks(page) == 3
    assert Run.objects.latest("id").extra_vars == {"version": "1.4"}


def test_among_many_servers_what_is_ticked_stays(counted, alice, ran):
    for number in range(60):
        make.server(hostname=f"many{number:02}", environment="staging")
    page = counted(alice)
    page.goto(f"{reverse('automation:job_launch')}?playbook={ran.playbook_id}")
    expect(page.locator(".io-pick")).to_have_count(30)
    page.get_by_role("checkbox", name="many07").check()
    page.get_by_label("Find servers").fill("many5")
    expect(page.locator(".io-pick")).to_have_count(11)
    expect(page.get_by_role("checkbox", name="many07")).to_be_checked()
    # With the keyboard alone.
    page.get_by_label("Find servers").press("Enter")
    page.get_by_label("Find servers").press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.get_by_label("Find servers").fill("web1")
    expect(page.locator(".io-pick")).to_have_count(3)
    expect(page.locator(".io-pick :checked")).to_have_count(2)
    page.get_by_label("Find servers").fill("nowhere")
    expect(page.locator(".io-pick")).to_have_count(2)
    page.fill("[name=var_version]", "2")
    page.get_by_role("button", name="Run on 2 servers").click()
    expect(page).to_have_title("Pending · Deploy on 2 servers | InfraOps")
    names = {job.server.hostname for job in Run.objects.latest("id").jobs.all()}
    assert names == {"many07", "many50"}


def test_the_playbooks_own_tags_are_a_click_away(counted, alice):
    Worker.objects.beat()
    server = make.server(hostname="db1")
    task = {"name": "One", "ansible.builtin.debug": {"msg": "x"}, "tags": ["web", "config"]}
    playbook = make.playbook([{"hosts": "all", "gather_facts": False, "tasks": [task]}])
    page = counted(alice)
    page.goto(f"{reverse('automation:job_launch')}?playbook={playbook.pk}&server={server.pk}")
    page.get_by_role("button", name="config").click()
    plan = page.get_by_label("What would run")
    expect(plan).to_contain_text("only tasks tagged config")
    expect(page.get_by_role("button", name="config")).to_have_attribute("aria-pressed", "true")
    # The other options are folded.
    expect(page.locator("[name=tags]")).not_to_be_visible()
    page.get_by_text("Options, credential and reason").click()
    expect(page.locator("[name=tags]")).to_have_value("config")
    page.fill("[name=tags]", "")
    expect(page.get_by_role("button", name="config")).to_have_attribute("aria-pressed", "false")
    page.fill("[name=forks]", "0")
    expect(page.locator(".io-live-error")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_picker_fits_a_phone_and_everybody(counted, alice, ran, scheme):
    page = counted(alice)
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{reverse('automation:job_launch')}?playbook={ran.playbook_id}")
    page.get_by_role("checkbox", name="web1").check()
    page.get_by_role("button", name="Use again").click()
    expect(page.locator("#launch-form[data-plan=known]")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert violations(page) == []
