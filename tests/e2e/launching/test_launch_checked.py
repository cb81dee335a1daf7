"""What the launch form shows is what it runs, however fast, slow or broken things are."""

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, Route, expect

from automation.models import Run, Worker
from inventory.models import Server
from tests import make

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db(transaction=True)]

LAUNCH = reverse("automation:job_launch")
PLAN = "**/launch/plan/"
STAGING = "Run on 1 server"
PRODUCTION = "Run on 2 servers, all of them in production"


@pytest.fixture
def deploy(db):
    Worker.objects.beat()
    make.server(hostname="web1", environment="production")
    make.server(hostname="web2", environment="production")
    make.server(hostname="db1", environment="staging")
    variables = {"version": {"required": True}, "password": {"secret": True}}
    return make.playbook(name="Deploy", variables=variables)


def on_staging(page: Page, playbook) -> Page:
    """A form that may be run, on db1."""
    page.goto(f"{LAUNCH}?playbook={playbook.pk}")
    page.get_by_label("Environment").select_option("staging")
    page.fill("[name=var_version]", "1.4")
    page.get_by_text("Options, credential and reason").click()
    expect(run_button(page)).to_have_accessible_name(STAGING)
    expect(run_button(page)).to_be_enabled()
    return page


def run_button(page: Page):
    return page.locator('[data-part="button"]')


def is_off(page: Page, label: str = "Checking…") -> None:
    expect(run_button(page)).to_have_accessible_name(label)
    expect(run_button(page)).to_be_disabled()


def nothing_ran() -> bool:
    return not Run.objects.exists()


@pytest.mark.parametrize("field", ["var_version", "tag", "forks", "reason", "var_password"])
def test_enter_in_a_field_never_launches(page_of, alice, deploy, field):
    page = on_staging(page_of(alice), deploy)
    with page.expect_response(PLAN):
        page.locator(f"[name={field}]").press("Enter")
    expect(page.locator("#launch-form[data-plan=known]")).to_be_visible()
    assert nothing_ran()
    page.locator(f"[name={field}]").press("Enter")
    expect(page.locator("#launch-form[data-plan=known]")).to_be_visible()
    assert nothing_ran() and page.url.endswith(f"?playbook={deploy.pk}")


def test_enter_on_the_button_launches_once(page_of, alice, deploy):
    page = on_staging(page_of(alice), deploy)
    run_button(page).focus()
    page.evaluate(
        """() => {
            const run = document.querySelector('[data-part="button"]');
            run.click();
            run.click();
        }"""
    )
    expect(page).to_have_title("Pending · Deploy on db1 | InfraOps")
    assert Run.objects.count() == 1


@pytest.mark.parametrize("announced", [True, False])
def test_a_click_right_after_a_change_runs_neither(page_of, alice, deploy, announced):
    """Both at once, faster than any hand, with or without an event for the change."""
    page = on_staging(page_of(alice), deploy)
    page.evaluate(
        """(announced) => {
            const field = document.querySelector('[name="environment"]');
            field.value = "production";
            if (announced) field.dispatchEvent(new Event("change", { bubbles: true }));
            document.querySelector('[data-part="button"]').click();
        }""",
        announced,
    )
    expect(run_button(page)).to_have_accessible_name(PRODUCTION)
    expect(run_button(page)).to_be_enabled()
    assert nothing_ran()
    run_button(page).click()
    expect(page).to_have_title("Pending · Deploy on 2 servers | InfraOps")
    assert {job.server.hostname for job in Run.objects.get().jobs.all()} == {"web1", "web2"}


def test_the_button_is_off_from_the_first_keystroke_to_the_plan(page_of, alice, deploy):
    page = on_staging(page_of(alice), deploy)
    held: list[Route] = []
    page.route(PLAN, lambda route: held.append(route))
    page.locator("[name=tags]").press_sequentially("w")
    is_off(page)
    page.wait_for_function("document.querySelector('#launch-form').dataset.plan === 'checking'")
    wait_for(page, lambda: len(held) == 1)
    is_off(page)
    run_button(page).click(force=True)
    assert nothing_ran()
    held[0].continue_()
    expect(run_button(page)).to_be_enabled()
    expect(page.get_by_label("What would run")).to_contain_text("only tasks tagged w.")


def wait_for(page: Page, is_so) -> None:
    """Let the browser go on until the condition holds."""
    for _ in range(200):
        if is_so():
            return
        page.wait_for_timeout(25)
    raise AssertionError("It did not come to that.")


def test_answers_that_come_out_of_order_are_dropped(page_of, alice, deploy):
    page = on_staging(page_of(alice), deploy)
    # Without it, old requests are still answered.
    page.evaluate("AbortController.prototype.abort = () => {}")
    held: list[Route] = []
    page.route(PLAN, lambda route: held.append(route))
    page.get_by_label("Environment").select_option("production")
    wait_for(page, lambda: len(held) == 1)
    page.get_by_label("Environment").select_option("staging")
    wait_for(page, lambda: len(held) == 2)
    with page.expect_response(PLAN):
        held[0].continue_()
    is_off(page)
    held[1].continue_()
    expect(run_button(page)).to_have_accessible_name(STAGING)
    expect(run_button(page)).to_be_enabled()

    page.get_by_label("Environment").select_option("production")
    wait_for(page, lambda: len(held) == 3)
    page.get_by_label("Environment").select_option("staging")
    wait_for(page, lambda: len(held) == 4)
    held[3].continue_()
    expect(run_button(page)).to_have_accessible_name(STAGING)
    with page.expect_response(PLAN):
        held[2].continue_()
    expect(run_button(page)).to_have_accessible_name(STAGING)
    run_button(page).click()
    expect(page).to_have_title("Pending · Deploy on db1 | InfraOps")


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda route: route.abort(), "The console does not answer"),
        (lambda route: route.fulfill(status=500, body=""), "(error 500)"),
        (lambda route: route.fulfill(status=401, body=""), "session has ended"),
    ],
)
def test_without_a_plan_it_stays_off_and_can_be_tried_again(page_of, alice, deploy, broken, said):
    page = on_staging(page_of(alice), deploy)
    page.route(PLAN, broken)
    page.fill("[name=tags]", "web")
    is_off(page, "Not checked")
    expect(page.get_by_role("alert")).to_contain_text(said)
    for shown in ("Runs “Deploy” on 1 of 3", "Selected: 1 of 3", "db1 · staging"):
        expect(page.get_by_text(shown)).not_to_be_visible()
    run_button(page).click(force=True)
    assert nothing_ran()
    page.unroute(PLAN)
    page.get_by_role("button", name="Check again").click()
    expect(run_button(page)).to_be_enabled()
    expect(page.get_by_role("alert")).to_have_count(0)
    run_button(page).click()
    expect(page).to_have_title("Pending · Deploy on db1 | InfraOps")


def test_variables_that_do_not_come_keep_it_off(page_of, alice, deploy):
    other = make.playbook(name="Other", variables={"size": {"default": "s"}})
    page = on_staging(page_of(alice), deploy)
    page.route("**/launch/variables/**", lambda route: route.abort())
    page.get_by_label("Playbook").select_option(str(other.pk))
    is_off(page, "Not checked")
    page.unroute("**/launch/variables/**")
    page.get_by_role("button", name="Check again").click()
    expect(page.locator("[name=var_size]")).to_have_value("s")
    expect(run_button(page)).to_be_enabled()


def test_back_brings_what_was_typed_but_for_secrets(page_of, alice, deploy):
    page = page_of(alice)
    page.goto(LAUNCH)
    page.get_by_label("Playbook").select_option(str(deploy.pk))
    page.get_by_label("Environment").select_option("staging")
    page.fill("[name=var_version]", "1.4")
    page.fill("[name=var_password]", "s3cret")
    page.get_by_label("Check mode").check()
    name = "Run in check mode on 1 server"
    page.get_by_role("button", name=name, disabled=False).click()
    expect(page).to_have_title("Pending · Deploy on db1 | InfraOps")
    first = Run.objects.get()
    held: list[Route] = []
    page.route(PLAN, lambda route: held.append(route))
    page.go_back()
    is_off(page)
    wait_for(page, lambda: len(held) == 1)
    expect(page.locator("[name=var_version]")).to_have_value("1.4")
    expect(page.locator("[name=var_password]")).to_have_value("")
    expect(page.get_by_label("Check mode")).to_be_checked()
    expect(page.get_by_label("Environment")).to_have_value("staging")
    assert page.locator("[name=key]").input_value() != first.idempotency_key
    is_off(page)
    held[0].continue_()
    page.unroute(PLAN)
    page.get_by_role("button", name=name, disabled=False).click()
    expect(page).to_have_title("Pending · Deploy on db1 | InfraOps")
    assert Run.objects.count() == 2


def test_back_brings_the_servers_that_were_searched_for(page_of, alice, deploy):
    page = page_of(alice)
    page.goto(f"{LAUNCH}?playbook={deploy.pk}")
    page.fill("[name=var_version]", "1.4")
    page.get_by_label("Find servers").press_sequentially("db")
    page.get_by_role("checkbox", name="db1").check()
    expect(run_button(page)).to_have_accessible_name(STAGING)
    page.goto("/")
    page.go_back()
    expect(run_button(page)).to_have_accessible_name(STAGING)
    expect(run_button(page)).to_be_enabled()
    expect(page.get_by_role("checkbox", name="db1")).to_be_checked()


def test_back_brings_no_secret_out_of_free_variables(page_of, alice, deploy):
    free = make.playbook(name="Free", accepts_undeclared=True)
    page = page_of(alice)
    for typed, kept in (('{"size": 1}', '{"size": 1}'), ('{"db_password": "s3cret"}', "")):
        page.goto(LAUNCH)
        page.get_by_label("Playbook").select_option(str(free.pk))
        page.fill("[name=extra_vars]", typed)
        expect(page.locator("#launch-form[data-plan=known]")).to_be_visible()
        page.goto("/")
        page.go_back()
        expect(page.locator("[name=extra_vars]")).to_have_value(kept)


def test_a_page_out_of_the_browsers_cache_asks_anew(page_of, alice, deploy):
    page = on_staging(page_of(alice), deploy)
    page.fill("[name=var_password]", "s3cret")
    expect(page.get_by_label("What would run")).to_contain_text("********")
    key = page.locator("[name=key]").input_value()
    held: list[Route] = []
    page.route(PLAN, lambda route: held.append(route))
    page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    is_off(page)
    expect(page.locator("[name=var_password]")).to_have_value("")
    assert page.locator("[name=key]").input_value() != key
    wait_for(page, lambda: len(held) == 1)
    held[0].continue_()
    expect(run_button(page)).to_be_enabled()


def test_what_changed_between_plan_and_click_is_shown_and_not_run(page_of, alice, deploy):
    page = on_staging(page_of(alice), deploy)
    page.fill("[name=tags]", "web")
    expect(page.get_by_label("What would run")).to_contain_text("only tasks tagged web")
    make.server(hostname="db2", environment="staging")
    db1 = Server.objects.get(hostname="db1")
    db1.ip_address = "192.0.2.99"
    db1.save()
    with page.expect_response(lambda answer: answer.status == 409):
        run_button(page).click()
    said = page.get_by_role("alert")
    expect(said).to_contain_text("Nothing was launched: what would run has changed.")
    expect(said).to_contain_text("Added: db2.")
    expect(said).to_contain_text("Edited since: db1.")
    assert nothing_ran()
    expect(page.locator("[name=var_version]")).to_have_value("1.4")
    expect(page.locator("[name=tags]")).to_have_value("web")
    expect(run_button(page)).to_have_accessible_name("Run on 2 servers")
    expect(run_button(page)).to_be_enabled()
    run_button(page).click()
    expect(page).to_have_title("Pending · Deploy on 2 servers | InfraOps")


def test_errors_that_the_server_marked_go_when_they_are_mended(page_of, alice, deploy):
    page = on_staging(page_of(alice), deploy)
    deploy.variables |= {"size": {"required": True}, "count": {"type": "integer"}}
    deploy.save()
    run_button(page).click()
    refused = page.get_by_role("alert")
    expect(refused).to_contain_text("Fix the marked fields.")
    size = page.locator(".group", has=page.locator("[name=var_size]"))
    expect(size).to_contain_text("A value is required.")
    page.fill("[name=var_size]", "s")
    expect(size).not_to_contain_text("A value is required.")
    expect(refused).to_have_count(0)
    expect(run_button(page)).to_be_enabled()
    page.fill("[name=var_size]", "")
    expect(size).to_contain_text("A value is required.")


def test_another_playbook_begins_with_its_own_defaults(page_of, alice, deploy):
    """What the first one's fields hold comes back with it, and goes to no other."""
    variables = {"version": {"default": "2.0"}, "password": {}}
    other = make.playbook(name="Other", variables=variables)
    page = on_staging(page_of(alice), deploy)
    page.fill("[name=var_password]", "s3cret")
    page.locator("[name=playbook]").select_option(label="Other")
    expect(page.locator("#launch-variables")).to_have_attribute("data-playbook", str(other.pk))
    expect(page.locator("[name=var_version]")).to_have_value("2.0")
    expect(page.locator("[name=var_password]")).to_have_value("")
    page.locator("[name=playbook]").select_option(label="Deploy")
    expect(page.locator("[name=var_version]")).to_have_value("1.4")
    expect(page.locator("[name=var_password]")).to_have_value("s3cret")


def test_last_values_wait_for_their_servers(page_of, alice, deploy):
    """They replace a selection by environment; until their boxes are there, nothing can be run."""
    web1 = Server.objects.get(hostname="web1")
    make.launch(deploy, alice, [web1], extra_vars={"version": "1.3"})
    page = on_staging(page_of(alice), deploy)
    held: list[Route] = []
    page.route("**/launch/servers/", lambda route: held.append(route))
    plans: list[str] = []
    page.on("request", lambda request: plans.append(request.url) if "/plan/" in request.url else 0)
    page.get_by_role("button", name="Use again").click()
    is_off(page)
    page.wait_for_timeout(400)  # longer than it waits before it asks
    is_off(page)
    assert plans == []
    held[0].continue_()
    expect(run_button(page)).to_have_accessible_name("Run on 1 server, in production")
    expect(page.get_by_label("Environment")).to_have_value("")
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Use again").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Environment")).to_have_value("staging")
    assert len(held) == 4
    # The newest choice counts, whichever answer comes last.
    for route in reversed(held[1:]):
        route.continue_()
    expect(run_button(page)).to_have_accessible_name(STAGING)
    expect(page.get_by_role("checkbox", name="web1")).not_to_be_checked()


def test_without_javascript_one_checks_and_then_runs(
    browser, browser_context_args, complaints, live_server, alice, deploy
):
    client = Client()
    client.force_login(alice)
    session = client.cookies["sessionid"].value
    context = browser.new_context(**browser_context_args, java_script_enabled=False)
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page = context.new_page()
    page.goto(f"{LAUNCH}?playbook={deploy.pk}")
    expect(run_button(page)).to_be_disabled()
    page.get_by_label("Environment").select_option("staging")
    page.locator("[name=var_version]").fill("1.4")
    page.locator("[name=var_version]").press("Enter")
    expect(page.get_by_text("Runs “Deploy” on 1 of 3 active servers (db1).")).to_be_visible()
    page.locator("[name=var_version]").press("Enter")
    expect(run_button(page)).to_be_enabled()
    assert nothing_ran()

    # A selection other than the checked one is shown first.
    page.get_by_label("Environment").select_option("production")
    run_button(page).click()
    expect(page.get_by_role("alert")).to_contain_text("Added: web1 and web2.")
    assert nothing_ran()
    page.get_by_label("Environment").select_option("staging")
    page.get_by_role("button", name="Check").click()
    run_button(page).click()
    expect(page).to_have_title("Pending · Deploy on db1 | InfraOps")
    assert Run.objects.get().jobs.get().server.hostname == "db1"
    context.close()


@pytest.mark.parametrize(
    ("status", "said"),
    [(500, "Search failed. The console answered with an error (500)"), (401, "Log in again")],
)
def test_a_search_for_servers_that_fails_says_why(page_of, alice, deploy, status, said):
    page = on_staging(page_of(alice), deploy)
    page.route("**/launch/servers/", lambda route: route.fulfill(status=status, body=""))
    page.get_by_label("Find servers").fill("db")
    expect(page.locator("#launch-picks").get_by_role("alert")).to_contain_text(said)
    page.unroute("**/launch/servers/")
    page.get_by_label("Find servers").fill("db1")
    expect(page.locator("#launch-picks").get_by_role("alert")).to_have_count(0)
