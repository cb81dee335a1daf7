"""The audit trail's page says in every size how far the trail is sealed, and what was found."""

import os

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from playwright.sync_api import expect

from audit.models import AuditLog
from tests import make
from tests.audit.sealed import forge

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db(transaction=True)]

LIST = reverse("admin:audit_auditlog_changelist")
SIZES = {"screen": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}


def shoot(page, name):
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png")


def test_it_says_what_was_found_and_leads_to_it(page_of, vera):
    page = page_of(vera)
    seal = make.seal()
    page.goto(LIST)
    seals = page.locator("#audit-seals")
    expect(seals).to_contain_text(f"Sealed up to line {seal.to_id}, just now.")
    expect(seals).to_contain_text("Never verified.")
    shoot(page, "seals_calm")

    forge("UPDATE audit_logs SET action = 'x' WHERE id = %s", seal.to_id)
    with pytest.raises(CommandError):
        call_command("verify_audit")
    for size, viewport in SIZES.items():
        page.set_viewport_size(viewport)
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            page.goto(LIST)
            expect(seals).to_contain_text(f"found tampering just now: Line {seal.to_id} was")
            too_wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
            assert not page.evaluate(too_wide)
            shoot(page, f"seals_{size}_{theme}")

    link = seals.get_by_role("link", name=f"Line {seal.to_id} was changed.")
    link.focus()
    page.keyboard.press("Enter")
    line = AuditLog.objects.get(action="audit.verified")
    page.wait_for_url(f"**{reverse('admin:audit_auditlog_change', args=[line.pk])}")
    expect(page.get_by_text("tampered", exact=True)).to_be_visible()
    shoot(page, "seals_line")


def test_the_line_of_a_command_says_who_ran_it(page_of, vera, monkeypatch):
    monkeypatch.setattr("sys.argv", ["manage.py", "import_inventory"])
    line = make.audit_line("server.updated", make.server())
    where = line.details["terminal"]
    page = page_of(vera)
    page.goto(reverse("admin:audit_auditlog_change", args=[line.pk]))
    said = f"command import_inventory as {where['user']}@{where['host']}"
    expect(page.get_by_text(said)).to_be_visible()
    expect(page.get_by_text("actor id")).to_have_count(0)
    shoot(page, "seals_command")
