"""WCAG 2 A and AA, as far as axe can check, on the main pages, light and dark."""

from collections import Counter
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Page

from automation.models import Job, Run, Worker
from console.objects import story_of
from inventory.models import ServerGroup
from tests import make
from tests.fixtures.browser import themes

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db(transaction=True)]

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]},
    # axe considers landmarks a best practice; here everything must be inside one, and one must be
    # main.
    "rules": {
        name: {"enabled": True}
        for name in (
            *("region", "landmark-one-main", "landmark-no-duplicate-main"),
            *("landmark-main-is-top-level", "landmark-banner-is-top-level"),
        )
    },
    # Leave out the elements that pass.
    "resultTypes": ["violations"],
}


@pytest.fixture
def paths(boss, alice) -> list[str]:
    """The main pages, with data on each."""
    Worker.objects.beat()
    server = make.server(
        hostname="web1.example.com", environment="production", tags={"role": "web"}
    )
    failed = make.job(status="failed", server=server, user=alice)
    make.log_lines(failed, "TASK [Restart]", "\x1b[0;31mfatal: no\x1b[0m", "\x1b[0;32mok\x1b[0m")
    make.task_results(failed, "ok", "changed", "skipped", "failed")
    idle = {"play": "Mail", "hosts": "mail", "place": "site.yml:3", "reason": "no server matches"}
    Run.objects.update(idle_plays=[idle], unmasked=["token"])
    for status in Job.Status.values:
        make.job(status=status, server=server)
    ticket = make.ticket(job=failed, priority="critical")
    make.occurrence(ticket, failed)
    make.server_facts(server)
    text = "In rack 4.\nAsk first."
    changes = {"ssh_port": [22, 2222], "tags": [{}, {"a": 1}], "description": ["", text]}
    line = make.audit_line("server.updated", server, actor=alice, changes=changes)
    lists = ("automation_job", "automation_run", "inventory_server", "automation_playbook")
    return [
        reverse("home"),
        failed.get_absolute_url(),
        failed.run.get_absolute_url(),
        reverse("automation:job_launch"),
        *(reverse(f"admin:{name}_changelist") for name in lists),
        reverse("admin:tickets_ticket_changelist"),
        reverse("admin:audit_auditlog_changelist"),
        server.get_absolute_url(),
        failed.playbook.get_absolute_url(),
        ticket.get_absolute_url(),
        reverse("admin:audit_auditlog_change", args=[line.pk]),
        story_of(server),
        f"{reverse('admin:automation_job_changelist')}?status__exact=failed",
        reverse("admin:inventory_server_add"),
        reverse("admin:inventory_server_change", args=[server.pk]),
        reverse("admin:accounts_user_changelist"),
        reverse("admin:accounts_apikey_changelist"),
        reverse("accounts:account"),
        reverse("admin:password_change"),
        *inventory_paths(),
        "/nowhere/",
    ]


def inventory_paths() -> list[str]:
    """The pages of inventories, groups and sources, with data on each."""
    inventory = make.inventory(name="shop")
    source = make.source(name="Estate", inventory=inventory, state="failed", message="No such file")
    value = {"name": "port", "file": "", "change": "changed", "before": "80", "after": "8080"}
    row = {"kind": "server", "name": "web1@shop", "change": "changed", "values": [value]}
    plan = {"digest": "0" * 64, "dry_run": True, "counts": {"changed": 1}, "rows": [row]}
    source.plan = plan | {"conflicts": ["The source changed port."], "sentences": ["Encrypted: a."]}
    source.save()
    server = make.server(hostname="web1@shop", source=source, variables={"port": 80})
    group = make.group("web", server, variables={"port": 80})
    ServerGroup.objects.update(source=source)
    override = make.override(group, conflict="changed")
    run = make.job(status="success", server=server).run
    make.artifact(run)
    rows = (inventory, source, server, group, make.smart_group(), override, run)
    names = ("inventory", "servergroup", "smartgroup", "inventorysource", "variableoverride")
    return [
        *(each.get_absolute_url() for each in rows),
        *(reverse(f"admin:inventory_{name}_changelist") for name in names),
        *(reverse(f"admin:inventory_{name}_add") for name in names),
        reverse("admin:inventory_inventorysource_change", args=[source.pk]),
        reverse("inventory:inventory_export", args=[inventory.pk]),
        reverse("admin:automation_vaultpassword_add"),
        reverse("admin:inventory_credential_add"),
        reverse("admin:automation_playbook_add"),
    ]


def violations(page: Page) -> list[str]:
    found: list[dict[str, Any]] = Axe().run(page, options=RULES).response["violations"]
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary'].splitlines()[-1].strip()}"
        for rule in found
        for node in rule["nodes"]
    ]


# Elements smaller than 24 px in one direction that can be clicked, with their text. Except those
# that are small for a reason: links in a sentence, hidden elements, and parts of a chart's bars,
# whose targets the numbers above and the legend also link to. A label counts as part of its field.
TOO_SMALL = """
() => [...document.querySelectorAll("a[href], button, summary, select, input, textarea")]
    .filter((each) => {
        const boxes = [each, ...(each.labels || [])].map((one) => one.getBoundingClientRect());
        const [own] = boxes;
        const isShown = own.width && own.height;
        const untouched = ".io-unseen *, .select2-hidden-accessible, [tabindex='-1'], svg *";
        if (!isShown || each.matches(untouched)) return false;
        const said = each.textContent.trim();
        const isWithinText = getComputedStyle(each).display === "inline"
            && each.parentElement.textContent.trim().length > said.length;
        if (isWithinText) return false;
        return !boxes.some((box) => box.width >= 23.5 && box.height >= 23.5);
    })
    .map((each) => `${each.outerHTML.slice(0, 160)} in ${each.parentElement.className}`)
"""


def test_on_a_phone_nothing_is_too_small_to_hit(page_of, boss, paths):
    page = page_of(boss)
    page.set_viewport_size({"width": 390, "height": 844})
    found = {}
    for path in paths:
        page.goto(path)
        page.wait_for_function("window.Alpine")
        if wrong := page.evaluate(TOO_SMALL):
            found[path] = wrong
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), path
    assert found == {}


def test_every_main_page_can_be_used_by_everybody(page_of, boss, paths):
    page = page_of(boss)
    found, looked_at = {}, Counter()
    for path in paths:
        page.goto(path)
        for theme in themes(page):
            looked_at[theme] += 1
            if wrong := violations(page):
                found[path, theme] = wrong
    assert found == {}
    assert looked_at == {"light": len(paths), "dark": len(paths)}


def test_whoever_is_not_signed_in_can_use_the_door(page: Page, complaints, live_server):
    page.goto(reverse("admin:login"))
    assert violations(page) == []
