"""A session that ends while somebody works, in a real browser.

The user is led back to the page, is told that nothing was done, and finds what was typed.
"""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import Session
from automation.models import Run, Worker
from inventory.models import Server
from tests import make
from tickets.models import TicketComment

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db(transaction=True)]

# Two cores may be busy with other work.
SOON = 20_000
NOTHING_DONE = "Nothing was done: your session had ended."


def log_in(page: Page, name: str) -> None:
    expect(page.get_by_text("Your session has ended, so nothing was done.")).to_be_visible(
        timeout=SOON
    )
    page.fill("[name=username]", name)
    page.fill("[name=password]", make.PASSWORD)
    page.click("button[type=submit]")


def is_back(page: Page, path: str) -> None:
    expect(page).to_have_url(re.compile(re.escape(path) + "$"), timeout=SOON)
    expect(page.get_by_text(NOTHING_DONE)).to_be_visible(timeout=SOON)


@pytest.fixture(params=["the session", "every cookie"])
def end_session(request):
    """The session has expired on the server, or the browser has lost its cookies."""

    def end(page: Page) -> None:
        if request.param == "every cookie":
            page.context.clear_cookies()
        else:
            Session.objects.all().delete()

    return end


def test_a_cancel_is_not_done_and_one_is_back_at_the_job(page_of, alice, end_session):
    Worker.objects.beat()
    job = make.job(status="running", user=alice)
    page = page_of(alice)
    page.goto(job.get_absolute_url())
    end_session(page)
    page.get_by_role("button", name="Cancel").click()
    log_in(page, "alice")
    is_back(page, job.get_absolute_url())
    assert Run.objects.get().cancel_requested_at is None
    # The page had nothing to type into.
    expect(page.get_by_text("What you entered is back")).to_have_count(0)


def test_a_comment_and_whom_one_chose_come_back(page_of, alice, bob, end_session):
    ticket = make.ticket(title="It broke")
    page = page_of(alice)
    page.goto(ticket.get_absolute_url())
    page.locator("[name=text]").fill("The disk of db1 is full: <b>again</b>")
    end_session(page)
    page.locator("form", has=page.locator("[name=text]")).get_by_role("button").first.click()
    log_in(page, "alice")
    is_back(page, ticket.get_absolute_url())
    expect(page.get_by_text("What you entered is back")).to_be_visible(timeout=SOON)
    expect(page.locator("[name=text]")).to_have_value("The disk of db1 is full: <b>again</b>")
    assert not TicketComment.objects.exists()
    page.locator("form", has=page.locator("[name=text]")).get_by_role("button").first.click()
    expect(page.get_by_text("The disk of db1 is full")).to_be_visible(timeout=SOON)
    # It was accepted: nothing is restored any more.
    page.goto(ticket.get_absolute_url())
    expect(page.locator("[name=text]")).to_have_value("")


def test_what_somebody_typed_is_not_for_the_next_person(page_of, alice, boss):
    ticket = make.ticket(title="It broke")
    page = page_of(alice)
    page.goto(ticket.get_absolute_url())
    page.locator("[name=text]").fill("Between us: it was me.")
    Session.objects.all().delete()
    page.locator("form", has=page.locator("[name=text]")).get_by_role("button").first.click()
    log_in(page, "boss")
    is_back(page, ticket.get_absolute_url())
    expect(page.locator("[name=text]")).to_have_value("")
    kept = page.evaluate("JSON.stringify({...sessionStorage})")
    assert "it was me" not in kept


def stored(page: Page) -> str:
    return page.evaluate("JSON.stringify({...sessionStorage})")


def store(page: Page, path: str, **more) -> None:
    """An entry as unsent.js keeps it; `age` in hours."""
    page.evaluate(
        """([path, {age, ...more}]) => sessionStorage.setItem(`unsent:${path}`, JSON.stringify({
            person: document.getElementById("io-user").textContent,
            at: Date.now() - age * 3600000, isRefused: true, forms: [], ...more,
        }))""",
        [path, {"age": 0, **more}],
    )


def test_what_does_not_fit_is_not_replaced_by_something_older(page_of, alice):
    ticket = make.ticket(title="It broke")
    page = page_of(alice)
    page.goto(ticket.get_absolute_url())
    page.locator("[name=text]").fill("Of earlier")
    Session.objects.all().delete()
    form = page.locator("form", has=page.locator("[name=text]"))
    form.get_by_role("button").first.click()
    expect(page.locator("[data-unsent]")).to_be_visible(timeout=SOON)
    earlier = page.evaluate(
        "path => sessionStorage.getItem(`unsent:${path}`)", ticket.get_absolute_url()
    )
    log_in(page, "alice")
    is_back(page, ticket.get_absolute_url())
    page.evaluate(
        """([path, earlier]) => {
            sessionStorage.setItem(`unsent:${path}`, earlier);
            const set = Storage.prototype.setItem;
            Storage.prototype.setItem = function (name, value) {
                if (value.includes("Of now")) throw new DOMException("full", "QuotaExceededError");
                set.call(this, name, value);
            };
        }""",
        [ticket.get_absolute_url(), earlier],
    )
    page.locator("[name=text]").fill("Of now")
    Session.objects.all().delete()
    form.get_by_role("button").first.click()
    log_in(page, "alice")
    is_back(page, ticket.get_absolute_url())
    page.wait_for_load_state()
    expect(page.locator("[name=text]")).to_have_value("")


def test_what_nobody_needs_any_more_is_dropped_by_any_page(page_of, alice):
    page = page_of(alice)
    home = reverse("home")
    page.goto(home)
    store(page, "/own/")
    store(page, "/other/", person="boss")
    store(page, "/old/", age=13)
    store(page, "/accepted/", isRefused=False)
    page.goto(reverse("admin:inventory_server_changelist"))
    page.wait_for_function("!('unsent:/old/' in sessionStorage)")
    assert page.evaluate(
        "Object.keys(sessionStorage).filter(name => name.startsWith('unsent:'))"
    ) == ["unsent:/own/"]


def test_the_login_page_drops_old_entries_and_those_of_others(page_of, alice):
    ticket = make.ticket(title="It broke")
    page = page_of(alice)
    page.goto(ticket.get_absolute_url())
    store(page, "/other/", person="boss")
    store(page, "/old/", age=13)
    page.locator("[name=text]").fill("As long as it takes")
    Session.objects.all().delete()
    page.locator("form", has=page.locator("[name=text]")).get_by_role("button").first.click()
    expect(page.locator("[data-unsent]")).to_be_visible(timeout=SOON)
    page.wait_for_function("!('unsent:/old/' in sessionStorage)")
    assert "/other/" not in stored(page) and "As long as it takes" in stored(page)


def test_a_record_s_form_comes_back_without_its_secrets(page_of, boss):
    page = page_of(boss)
    page.goto(reverse("admin:inventory_credential_add"))
    page.fill("[name=name]", "deploy")
    page.fill("[name=new_ssh_password]", "hunter2-hunter2")
    page.fill("[name=new_ssh_private_key]", "BEGIN hunter3 END")
    Session.objects.all().delete()
    page.locator("[name=_save]").click()
    log_in(page, "boss")
    is_back(page, reverse("admin:inventory_credential_add"))
    expect(page.locator("[name=name]")).to_have_value("deploy", timeout=SOON)
    expect(page.locator("[name=new_ssh_password]")).to_have_value("")
    expect(page.get_by_text("Re-enter passwords and other secrets.")).to_be_visible()


def test_secrets_are_never_kept(page_of, boss):
    page = page_of(boss)
    page.goto(reverse("admin:inventory_server_add"))
    page.fill("[name=hostname]", "web1.example.com")
    rows = page.get_by_role("group", name="Variables")
    for nth, (name, value) in enumerate(
        [("port", "8080"), ("db_password", "hunter2-hunter2"), ("owner", "ops")]
    ):
        if nth:
            rows.get_by_role("button", name="Add").click()
        rows.get_by_label("Name").nth(nth).fill(name)
        rows.get_by_label("Value").nth(nth).fill(value)
    tags = page.get_by_role("group", name="Tags")
    tags.get_by_role("button", name="Edit as JSON").click()
    page.locator("[name=tags]").fill('{"role": "web"}')
    Session.objects.all().delete()
    page.locator("[name=_save]").click()
    expect(page.locator("[data-unsent]")).to_be_visible(timeout=SOON)
    kept = page.evaluate("JSON.stringify({...sessionStorage})")
    assert "web1.example.com" in kept and "hunter2" not in kept
    assert not Server.objects.exists()
    log_in(page, "boss")
    is_back(page, reverse("admin:inventory_server_add"))
    values = "fields => fields.map(field => field.value)"
    expect(rows.get_by_label("Name")).to_have_count(3, timeout=SOON)
    assert rows.get_by_label("Name").evaluate_all(values) == ["port", "db_password", "owner"]
    assert rows.get_by_label("Value").evaluate_all(values) == ["8080", "", "ops"]
    expect(page.locator("[name=tags]")).to_have_value('{"role": "web"}')
    expect(page.locator("[name=tags]")).to_be_visible()
    expect(page.get_by_text("Re-enter passwords and other secrets.")).to_be_visible()


@pytest.mark.parametrize(
    "given", ['{"db_password": "hunter2-hunter2"}', '{"app": {"Пароль": "hunter2-hunter2"}}']
)
def test_json_that_names_a_secret_is_not_kept(page_of, boss, given):
    page = page_of(boss)
    page.goto(reverse("admin:inventory_server_add"))
    page.fill("[name=hostname]", "web1.example.com")
    variables = page.get_by_role("group", name="Variables")
    variables.get_by_role("button", name="Edit as JSON").click()
    page.locator("[name=variables]").fill(given)
    Session.objects.all().delete()
    page.locator("[name=_save]").click()
    expect(page.locator("[data-unsent]")).to_be_visible(timeout=SOON)
    kept = page.evaluate("JSON.stringify({...sessionStorage})")
    assert "web1.example.com" in kept and "hunter2" not in kept


def test_the_rows_that_an_action_was_for_are_chosen_again(page_of, boss):
    first, second = make.server(hostname="web1"), make.server(hostname="web2")
    make.server(hostname="web3")
    servers = reverse("admin:inventory_server_changelist")
    page = page_of(boss)
    page.goto(f"{servers}?q=web")
    for server in (first, second):
        page.locator(f".action-select[value='{server.pk}']").check()
    page.locator("[name=action]").select_option("deactivate")
    page.locator("#changelist-form [type=submit][name=index]").click()
    expect(page.get_by_role("button", name="Deactivate")).to_be_visible(timeout=SOON)
    Session.objects.all().delete()
    page.get_by_role("button", name="Deactivate").click()
    log_in(page, "boss")
    is_back(page, f"{servers}?q=web")
    expect(page.locator(".action-select:checked")).to_have_count(2, timeout=SOON)
    assert Server.objects.filter(is_active=True).count() == 3


def test_a_launch_comes_back_as_it_was_filled_in(page_of, alice):
    spec = {"version": {"type": "string"}, "api": {"type": "string", "secret": True}}
    # Its name says that it is a secret, and its default can be read.
    spec["database_url"] = {"type": "string", "default": "sqlite://"}
    playbook = make.playbook(name="Deploy", variables=spec)
    server = make.server(hostname="web1.example.com")
    page = page_of(alice)
    path = f"{reverse('automation:job_launch')}?server={server.pk}&playbook={playbook.pk}"
    page.goto(path)
    page.locator("[name=var_version]").fill("1.4.2")
    for name in ("var_api", "var_database_url"):
        page.locator(f"[name={name}]").fill("hunter2-hunter2")
    button = page.locator("#launch-form [data-part=button]")
    expect(page.locator("#launch-form")).to_have_attribute("data-plan", "known", timeout=SOON)
    expect(button).to_be_enabled(timeout=SOON)
    Session.objects.all().delete()
    button.click()
    expect(page.locator("[data-unsent]")).to_be_visible(timeout=SOON)
    kept = page.evaluate("JSON.stringify({...sessionStorage})")
    assert "1.4.2" in kept and "hunter2" not in kept
    log_in(page, "alice")
    is_back(page, path)
    expect(page.locator("[name=var_database_url]")).to_have_value("sqlite://")
    expect(page.locator("[name=var_version]")).to_have_value("1.4.2", timeout=SOON)
    expect(page.locator("[name=var_api]")).to_have_value("")
    assert not Run.objects.exists()


def test_a_launch_that_cannot_be_checked_any_more_leads_through_the_log_in(page_of, alice):
    playbook = make.playbook(name="Deploy", variables={"version": {"type": "string"}})
    server = make.server(hostname="web1.example.com")
    page = page_of(alice)
    path = f"{reverse('automation:job_launch')}?server={server.pk}&playbook={playbook.pk}"
    page.goto(path)
    expect(page.locator("#launch-form")).to_have_attribute("data-plan", "known", timeout=SOON)
    Session.objects.all().delete()
    page.locator("[name=var_version]").fill("1.4.2")
    page.get_by_role("link", name="Log in again").click(timeout=SOON)
    page.fill("[name=username]", "alice")
    page.fill("[name=password]", make.PASSWORD)
    page.click("button[type=submit]")
    expect(page).to_have_url(re.compile(re.escape(path) + "$"), timeout=SOON)
    expect(page.locator("[name=var_version]")).to_have_value("1.4.2", timeout=SOON)
    expect(page.locator("#launch-form")).to_have_attribute("data-plan", "known", timeout=SOON)


def test_a_form_whose_token_has_changed_leads_back_with_what_was_typed(page_of, alice):
    ticket = make.ticket(title="It broke")
    page = page_of(alice)
    page.goto(ticket.get_absolute_url())
    page.locator("[name=text]").fill("As long as it takes")
    # A login elsewhere brings a new token.
    other = {"name": "csrftoken", "value": "a" * 32, "url": page.evaluate("location.origin")}
    page.context.add_cookies([other])
    page.locator("form", has=page.locator("[name=text]")).get_by_role("button").first.click()
    expect(page.get_by_text("This form has expired")).to_be_visible(timeout=SOON)
    expect(page.get_by_text("What you entered will be there")).to_be_visible(timeout=SOON)
    page.get_by_role("link", name="Back to the form").click()
    expect(page.locator("[name=text]")).to_have_value("As long as it takes", timeout=SOON)
    expect(page.get_by_text("Nothing was sent. What you entered is back")).to_be_visible()


def test_an_address_that_only_takes_forms_is_a_page_with_a_way_back(page_of, alice):
    job = make.job(status="success", user=alice)
    page = page_of(alice)
    page.goto(reverse("automation:job_cancel", args=[job.job_id]))
    expect(page.get_by_text("Nothing was done.")).to_be_visible()
    page.get_by_role("link", name="Go back").click()
    expect(page).to_have_url(re.compile(job.get_absolute_url()))
