"""Takes the pictures in docs/images anew, of made-up data: `make pictures`.

Needs what the tests need: Playwright and Debian's Chromium.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.sandbox import sandbox

IMAGES = Path(__file__).with_name("images")
WIDE, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}


def main() -> None:
    with sandbox(None, None):
        # Not at the top: models can be imported only now that Django is set up.
        from automation.models import Worker
        from bench.console import console
        from demo import making
        from demo.scale import SCALES

        making.seed(SCALES["small"], 1, lambda text: None)
        Worker.objects.beat()
        with console() as url:
            take(url, list(pages()))


def pages() -> Iterator[tuple[str, str]]:
    """(name of the picture, path of the page)."""
    from django.db.models import Count
    from django.urls import reverse

    from automation.models import Job, Playbook, Run
    from tickets.models import Ticket

    job = Job.objects.filter(status=Job.Status.FAILED).order_by("-id")[:1].get()
    run = Run.objects.filter(jobs__status=Job.Status.FAILED).annotate(size=Count("jobs"))
    playbook = Playbook.objects.exclude(variables={}).order_by("id")[:1].get()
    ticket = Ticket.objects.annotate(size=Count("occurrences")).order_by("-size", "id")[:1].get()
    yield "home", reverse("home")
    yield "failed-job", job.get_absolute_url()
    yield "log-search", longest_log().get_absolute_url()
    yield "run", run.order_by("-size")[:1].get().get_absolute_url()
    yield "launch", f"{reverse('automation:job_launch')}?run={job.run_id}"
    yield "jobs", f"{reverse('admin:automation_job_changelist')}?status__exact=failed"
    yield "server", job.server.get_absolute_url()
    yield "playbook", playbook.get_absolute_url()
    yield "ticket", ticket.get_absolute_url()
    yield "audit", reverse("admin:audit_auditlog_changelist")


def longest_log() -> Any:
    """Of the latest jobs the one that printed most."""
    from django.db.models import Count

    from automation.models import Job

    latest = Job.objects.order_by("-id").values_list("pk", flat=True)[:100]
    found = Job.objects.filter(pk__in=list(latest)).annotate(lines=Count("logs"))
    return found.order_by("-lines", "id")[:1].get()


def take(url: str, wanted: list[tuple[str, str]]) -> None:
    """Each page in the light; home also in the dark, the failed job also on a phone."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    paths, cookie = dict(wanted), session()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, path, scheme, size in [
            *((name, path, "light", WIDE) for name, path in wanted),
            ("home-dark", paths["home"], "dark", WIDE),
            ("failed-job-phone", paths["failed-job"], "light", PHONE),
        ]:
            context = browser.new_context(viewport=size, color_scheme=scheme)
            context.add_cookies([{**cookie, "url": url}])
            page = context.new_page()
            page.goto(url + path, wait_until="networkidle")
            if name == "log-search":
                page.locator("[data-keys-search]").fill("task")
                page.locator("[data-keys-search]").press("Enter")
                page.locator("#log").scroll_into_view_if_needed()
                page.wait_for_load_state("networkidle")
            page.screenshot(path=IMAGES / f"{name}.png")
            print(f"{name}.png")
            context.close()
        browser.close()


def session() -> dict[str, str]:
    """An admin's cookie."""
    import os

    from django.conf import settings
    from django.test import Client

    from accounts.models import User

    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright's loop is not Django's business
    client = Client()
    client.force_login(User.objects.admins().order_by("id")[:1].get())
    name = settings.SESSION_COOKIE_NAME
    return {"name": name, "value": client.cookies[name].value}


if __name__ == "__main__":
    main()
