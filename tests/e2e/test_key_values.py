"""Tags and variables of a server as rows: with the mouse, the keyboard, and without scripts."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from inventory.host_variables import opened_variables
from inventory.models import Server
from tests import make

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db(transaction=True)]

ADD = reverse("admin:inventory_server_add")
LARGE = 12345678901234567890


def edit(server):
    return reverse("admin:inventory_server_change", args=[server.pk])


def fields(page, name):
    return page.get_by_role("group", name=name)


def save(page):
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#server_form")).to_have_count(0)


def test_rows_are_typed_with_the_keyboard_alone(page_of, boss):
    page = page_of(boss)
    page.goto(ADD)
    page.get_by_label("Hostname").fill("web1.example.com")
    page.get_by_label("IP address").fill("192.0.2.1")
    tags = fields(page, "Tags")
    tags.get_by_label("Name").focus()
    page.keyboard.type("role")
    page.keyboard.press("Enter")  # moves on to the value instead of submitting the form
    page.keyboard.type("yes")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the button that adds a row
    page.keyboard.type("rack")
    page.keyboard.press("Tab")
    page.keyboard.type("Num")  # as in any select
    page.keyboard.press("Tab")
    page.keyboard.type("7")
    save(page)
    assert Server.objects.get().tags == {"role": "yes", "rack": 7}


def test_types_survive_rows_json_and_back(page_of, boss):
    values = {"a": "1", "b": 1, "c": 1.0, "d": True, "e": None, "f": ["x", {"y": 2}], "g": "l\n2"}
    server = make.server(variables={**values, "large": LARGE})
    page = page_of(boss)
    page.goto(edit(server))
    variables = fields(page, "Variables")
    variables.get_by_role("button", name="Edit as JSON").click()
    whole = page.locator("textarea[name=variables]")
    expect(whole).to_be_focused()
    assert f'"large": {LARGE}' in whole.input_value() and '"c": 1.0' in whole.input_value()
    page.get_by_role("button", name="Edit as rows").click()
    expect(variables.get_by_label("Name")).to_have_count(8)
    variables.get_by_label("Name").last.fill("larger")
    save(page)
    server.refresh_from_db()
    assert server.variables == {**values, "larger": LARGE}
    assert [type(value) for value in server.variables.values()] == [
        *map(type, values.values()),
        int,
    ]


def test_what_json_cannot_be_is_said_and_a_list_may_be_yaml(page_of, boss):
    server = make.server(variables={"packages": ["nginx"]})
    page = page_of(boss)
    page.goto(edit(server))
    variables = fields(page, "Variables")
    variables.get_by_label("Value").fill("- nginx\n- yes")
    variables.get_by_role("button", name="Edit as JSON").click()
    expect(page.get_by_text("“packages” is not JSON.")).to_be_visible()
    save(page)
    server.refresh_from_db()
    assert server.variables == {"packages": ["nginx", "yes"]}


def test_a_name_that_stands_twice_comes_back_with_its_error(page_of, boss):
    server = make.server(tags={"role": "web"})
    page = page_of(boss)
    page.goto(edit(server))
    tags = fields(page, "Tags")
    tags.get_by_role("button", name="Add").click()
    page.keyboard.type("role")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("“role” appears twice.")).to_be_visible()
    expect(fields(page, "Tags").get_by_label("Name")).to_have_count(2)


def test_a_row_is_removed_and_the_focus_stays_among_them(page_of, boss):
    server = make.server(tags={"role": "web", "site": "ams"})
    page = page_of(boss)
    page.goto(edit(server))
    tags = fields(page, "Tags")
    tags.get_by_role("button", name="Remove").first.click()
    expect(tags.get_by_label("Name")).to_be_focused()
    save(page)
    server.refresh_from_db()
    assert server.tags == {"site": "ams"}


@pytest.mark.parametrize("width", [390, 1440])
def test_rows_fit_the_window(page_of, boss, width):
    server = make.server(tags={"role": "x" * 200, "y" * 60: "z"})
    page = page_of(boss)
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(edit(server))
    expect(fields(page, "Tags").get_by_label("Name").first).to_be_visible()
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")


def test_without_a_script_it_is_json(browser, page_of, boss, live_server, context):
    server = make.server(tags={"role": "web"})
    page_of(boss)  # signs the context in
    plain = browser.new_context(java_script_enabled=False, base_url=live_server.url)
    plain.add_cookies(context.cookies())
    page = plain.new_page()
    page.goto(edit(server))
    tags = page.locator("textarea[name=tags]")
    tags.fill('{"role": "db", "rack": 1}')
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(f"**{server.get_absolute_url()}")
    server.refresh_from_db()
    assert server.tags == {"role": "db", "rack": 1}
    plain.close()


def test_going_back_mixes_up_no_rows(page_of, boss):
    """Browsers restore fields by their position, so values would come back beside other names."""
    server = make.server(tags={"role": "web", "site": "fra", "team": "payments"})
    page = page_of(boss)
    page.goto(edit(server))
    tags = fields(page, "Tags")
    tags.get_by_role("button", name="Remove").first.click()
    tags.get_by_role("button", name="Add").click()
    tags.get_by_label("Name").last.fill("rack")
    tags.get_by_label("Value").last.fill("7")
    page.goto(server.get_absolute_url())
    page.go_back()
    for name, values in (
        ("Name", ["role", "site", "team"]),
        ("Value", ["web", "fra", "payments"]),
    ):
        shown = tags.get_by_label(name)
        expect(shown).to_have_count(3)
        assert [field.input_value() for field in shown.all()] == values


def test_a_variable_is_marked_as_secret_and_stays_so(page_of, boss):
    server = make.server(variables={"shop": "hunter2", "rack": 4})
    page = page_of(boss)
    page.goto(edit(server))
    variables = fields(page, "Variables")
    box = variables.get_by_role("checkbox", name="Secret").first
    box.check()
    # A ticked box follows the name of its row.
    variables.get_by_label("Name").first.fill("shop_code")
    save(page)
    server.refresh_from_db()
    assert server.secret_variables == ["shop_code"] and "hunter2" not in str(server.variables)
    page.goto(edit(server))
    expect(variables.get_by_label("Value").first).to_have_value("********")
    expect(box).to_be_checked()
    variables.get_by_role("button", name="Edit as JSON").click()
    expect(page.get_by_label("Secret variables")).to_have_value("shop_code")
    page.get_by_label("Secret variables").fill("shop_code, rack")
    page.get_by_role("button", name="Edit as rows").last.click()
    expect(variables.get_by_role("checkbox", name="Secret").nth(1)).to_be_checked()
    save(page)
    server.refresh_from_db()
    assert opened_variables(server) == {"shop_code": "hunter2", "rack": 4}
    assert server.secret_variables == ["shop_code", "rack"]


@pytest.mark.parametrize("width", [390, 1440])
def test_the_boxes_for_secrets_fit_the_window(page_of, boss, width):
    server = make.server(variables={"shop": "hunter2", "a_rather_long_name_of_one": [1, 2]})
    page = page_of(boss)
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(edit(server))
    box = fields(page, "Variables").get_by_role("checkbox", name="Secret").last
    box.scroll_into_view_if_needed()
    expect(box).to_be_in_viewport()
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
