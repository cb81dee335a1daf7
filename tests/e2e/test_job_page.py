"""A job's page in a real browser, except for the log."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from automation.models import TaskResult, Worker
from tests import make

# Two cores may be busy with other work.
SOON = 20_000

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db(transaction=True)]

TASKS = "".join(f"- name: Task {n}\n  ansible.builtin.debug: {{}}\n" for n in range(1, 20))


@pytest.fixture
def failed(alice):
    playbook = make.playbook(TASKS, file_path="site.yml")
    job = make.job(
        status="failed",
        server=make.server(hostname="web1.example.com"),
        run=make.run(playbook=playbook, launched_by=alice, state="finished"),
        error_message="It broke: <b>badly</b>",
        counts={"ok": 2, "changed": 1, "failed": 1, "skipped": 0},
    )
    make.task_results(job, "ok", duration=0.5)
    make.task_results(job, "changed", changed=True, duration=40, diff="--- a\n+++ b\n-old\n+new")
    make.task_results(job, "failed", task="Task 5", path="site.yml:9", duration=3)
    make.log_lines(job, *map(str, range(1, 30)))
    make.log_lines(job, "it broke", log_level="error")
    return job


def shown(page):
    return [row.get_attribute("id") for row in page.locator(".io-tasks tbody tr").all()]


def test_from_the_failure_to_its_cause(page_of, context, live_server, alice, failed):
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=live_server.url)
    page = page_of(alice)
    page.goto(failed.get_absolute_url())
    failure = page.get_by_role("alert", name="Why it failed")
    expect(failure).to_contain_text("site.yml:9")
    expect(failure.locator(".io-yaml-marked")).to_contain_text("- name: Task 5")
    failure.get_by_role("button", name="Copy the message").click()
    expect(failure.get_by_text("Copied")).to_be_visible(timeout=SOON)
    assert page.evaluate("navigator.clipboard.readText()") == "It broke: <b>badly</b>"

    page.get_by_label("Recap").get_by_role("link", name="1 changed").click()
    expect(page.locator(".io-tasks tbody tr")).to_have_count(1, timeout=SOON)
    assert page.url.endswith("?result=changed#tasks")
    page.get_by_text("Difference").click()
    expect(page.locator(".io-diff-added")).to_have_text("+new")
    page.get_by_role("link", name="All", exact=True).click()
    page.get_by_role("link", name="Slowest first").click()
    expect(page.locator("th[aria-sort=descending]")).to_have_text("Duration")
    assert shown(page) == ["T2", "T3", "T1"]


def test_tasks_arrive_in_the_order_and_choice_of_the_page(page_of, alice, failed):
    Worker.objects.beat()
    began = timezone.now() - timedelta(seconds=30)
    job = make.job(
        run=make.run(playbook=failed.playbook, launched_by=alice, state="running"),
        status="running",
        server=failed.server,
        started_at=began,
    )
    make.job(
        playbook=failed.playbook,
        server=failed.server,
        status="success",
        started_at=began - timedelta(seconds=100),
        completed_at=began,
    )
    make.task_results(job, "ok", duration=1)
    page = page_of(alice)
    page.goto(f"{job.get_absolute_url()}?order=slowest")
    expect(page.get_by_text("(usually 1 min 40 s)")).to_be_visible(timeout=SOON)
    bar = page.get_by_role("progressbar")
    assert float(bar.get_attribute("value")) > 25 and bar.get_attribute("max") == "100.0"
    make.task_results(job, "skipped", duration=9)
    expect(page.locator("#T2")).to_have_count(1, timeout=SOON)
    assert shown(page) == ["T2", "T1"]
    expect(page.get_by_role("navigation", name="Show only")).to_contain_text("1 skipped")

    page.goto(f"{job.get_absolute_url()}?result=skipped")
    make.task_results(job, "ok", "skipped")
    expect(page.locator("#T4")).to_have_count(1, timeout=SOON)
    assert shown(page) == ["T2", "T4"]
    # A failure that a later task rescues is shown as rescued once the job has ended.
    TaskResult.objects.filter(job=job, number=2).update(status="rescued")
    job.run.jobs.update(status="success", completed_at=timezone.now())
    expect(page.locator("#T2")).to_have_count(0, timeout=SOON)
