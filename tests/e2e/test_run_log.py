"""A run's combined log and a task's whole result in a real browser."""

import json

import pytest
from playwright.sync_api import expect

from automation.models import Outcome, Worker
from tests import make

# Milliseconds: generous, as both cores may be busy.
SOON = 20_000

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db(transaction=True)]


def two_servers(user, **fields):
    Worker.objects.beat()
    run = make.run(launched_by=user, **fields)
    for name in ("web1", "web2"):
        make.job(run=run, server=make.server(hostname=name))
    return run


def test_a_run_s_whole_output_is_followed_searched_and_linked(page_of, alice):
    run = two_servers(alice)
    run.claim({job.server_id for job in run.jobs.all()})
    page = page_of(alice)
    page.goto(run.get_absolute_url())
    expect(page.get_by_text("Lines appear here as the playbook prints them.")).to_be_visible()
    make.run_log(run, "PLAY [all]", "ok: [web2]", "ok: [web1]")
    expect(page.locator("#log .io-line")).to_have_count(3, timeout=SOON)
    assert page.locator("#log .io-text").all_inner_texts() == [
        "PLAY [all]",
        "ok: [web2]",
        "ok: [web1]",
    ]
    for first in range(4, 2004, 100):
        make.run_log(run, *(f"line {number}" for number in range(first, first + 100)))
    expect(page.locator("#L2003")).to_have_count(1, timeout=SOON)
    run.finish({}, Outcome.cancelled("Cancelled by alice."))
    expect(page.locator("#log-follow-label")).to_be_hidden(timeout=SOON)

    page.keyboard.press("/")
    page.keyboard.type("LINE 77")
    expect(page.get_by_text("1 of 11")).to_be_visible(timeout=SOON)
    expect(page.locator("#L77.io-here")).to_be_in_viewport(timeout=SOON)
    page.goto("about:blank")
    page.goto(f"{run.get_absolute_url()}#L200-L220")
    expect(page.locator("#L200.io-here")).to_be_in_viewport(timeout=SOON)
    expect(page.locator(".io-line.io-here")).to_have_count(21)
    page.set_viewport_size({"width": 390, "height": 844})
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")


def test_the_whole_message_of_a_failure_can_be_read(page_of, alice):
    run = two_servers(alice, state="finished")
    message = "It broke. " + "Because of this and that. " * 100 + "The end of it."
    run.jobs.update(status="failed", failure_kind="task_failed", error_message=message)
    page = page_of(alice)
    page.goto(run.get_absolute_url())
    shown = page.get_by_label("Message")
    expect(shown).to_contain_text("The end of it.")
    shown.focus()
    page.keyboard.press("End")
    page.wait_for_function(
        "[...document.querySelectorAll('.io-brief')].some((each) =>"
        " each.scrollTop + each.clientHeight >= each.scrollHeight - 2)"
    )


def test_a_task_s_whole_result_opens_in_its_place(page_of, alice):
    job = make.job(status="success", user=alice)
    result = {"rc": 0, "stdout": "<img src=x onerror='hacked = 1'>", "list": ["a", "b"]}
    make.task_results(job, "ok", result=json.dumps(result), result_is_cut=True)
    make.task_results(job, "ok")
    page = page_of(alice)
    page.goto(job.get_absolute_url())
    summary = page.locator("summary", has_text="Full result")
    expect(summary).to_have_count(1)
    summary.click()
    expect(page.get_by_label("stdout", exact=True)).to_have_text(result["stdout"], timeout=SOON)
    expect(page.get_by_text("Too large to keep in full")).to_be_visible()
    assert page.evaluate("typeof hacked") == "undefined"
    page.context.clear_cookies()
    page.reload()
    assert "/login/" in page.url
