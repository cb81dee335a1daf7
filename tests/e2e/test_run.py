"""A run's page in a real browser."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from automation.models import Job, Outcome, Run, Worker
from tests import make

# The page polls every two seconds, and less often if responses are slow.
SOON = 20_000

pytestmark = [pytest.mark.slow, pytest.mark.on_either, pytest.mark.django_db(transaction=True)]


def test_the_table_fills_while_one_watches_and_leads_to_the_failing_task(page_of, alice):
    Worker.objects.beat()
    run = make.run(playbook=make.playbook(name="Deploy"), launched_by=alice)
    names = [f"web{number:02}.example.com" for number in range(1, 61)]
    jobs = [make.job(run=run, server=make.server(hostname=name)) for name in names]
    run.claim({job.server_id for job in jobs})
    for job in jobs[:3]:
        make.task_results(job, *["ok"] * 30)
    page = page_of(alice)
    page.goto(run.get_absolute_url())
    expect(page).to_have_title("Running · Deploy on 60 servers | InfraOps")
    table = page.locator(".io-matrix")
    expect(table.locator("tbody tr")).to_have_count(50)
    expect(page.get_by_text("Tasks 1–25 of 30")).to_be_visible()

    # The visible part stays in place when the table is refreshed.
    table.evaluate("sheet => sheet.scrollTo(120, 300)")
    page.get_by_text("Command, options and variables").click()
    make.task_results(jobs[0], "failed", task="Restart", path="site.yml:77")
    expect(page.get_by_text("Tasks 1–25 of 31")).to_be_visible(timeout=SOON)
    assert table.evaluate("sheet => [sheet.scrollLeft > 0, sheet.scrollTop]") == [True, 300]
    expect(page.get_by_text("No options or variables.")).to_be_visible()

    failed = Outcome.failed(Job.FailureKind.TASK_FAILED, "It broke.", failed_task="Restart")
    run.finish({jobs[0].pk: failed}, Outcome(Job.Status.SUCCESS))
    expect(page).to_have_title("Failed · Deploy on 60 servers | InfraOps", timeout=SOON)
    expect(page.get_by_text("It broke.")).to_be_visible()
    expect(
        page.get_by_role("button", name="Relaunch on failed server web01.example.com")
    ).to_be_visible()

    # Two clicks from the run to the failed task.
    page.get_by_role("link", name="1 with failures").click()
    expect(table.locator("tbody tr").first).to_contain_text("web01.example.com")
    page.set_viewport_size({"width": 390, "height": 844})
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    table.get_by_role("link", name="failed", exact=True).click()
    expect(page.locator("#T31")).to_be_in_viewport()
    assert Run.objects.get().outcome == "failed"


def test_what_ran_without_a_job_has_its_place_and_leads_to_the_failing_task(page_of, alice):
    Worker.objects.beat()
    run = make.run(
        playbook=make.playbook(name="Provision"), launched_by=alice, whole_inventory=True
    )
    job = make.job(run=run, server=make.server(hostname="builder"))
    run.claim({job.server_id})
    make.host_results(run, "ok", task="Build")
    page = page_of(alice)
    page.goto(run.get_absolute_url())
    section = page.get_by_role("region", name="On the controller and added hosts")
    expect(section.get_by_role("listitem").first).to_contain_text("Running")
    section.get_by_text("Tasks on localhost").click()
    expect(section.get_by_text("Build")).to_be_visible()

    hostile = "<b>no disk</b>"
    make.host_results(
        run, "failed", host="newvm", task="Set it up", message=hostile, result='{"msg": "no disk"}'
    )
    ended = [
        {
            **{"host": name, "kind": kind, "status": status, "failure_kind": "", "message": said},
            **{"task": task, "place": "site.yml:17", "counts": {"ok": 1}},
        }
        for name, kind, status, said, task in (
            ("newvm", "added", "failed", hostile, "Set it up"),
            ("localhost", "controller", "success", "", ""),
        )
    ]
    run.finish({}, Outcome(Job.Status.SUCCESS), exit_code=2, other_hosts=ended)
    expect(page).to_have_title("Failed · Provision on 1 server | InfraOps", timeout=SOON)
    alert = page.get_by_role("alert", name="What failed on hosts without a job")
    expect(alert).to_contain_text("Set it up")
    expect(alert).to_contain_text(hostile)
    # What was opened stays open.
    expect(section.get_by_text("Build")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    alert.get_by_role("link", name="newvm").click()
    expect(section).to_be_in_viewport()
    section.get_by_role("link", name="Full result of the failing task").click()
    expect(page.get_by_text("no disk")).to_be_visible()
    page.get_by_role("link", name="Back to the run").click()

    # The job succeeded; its page says that the run did not.
    page.goto(job.get_absolute_url())
    expect(page.get_by_text("Success").first).to_be_visible()
    page.get_by_role("alert", name="What failed on hosts without a job").get_by_role(
        "link", name="newvm"
    ).click()
    expect(section).to_be_in_viewport()


HOSTILE = "out/<img src=x onerror=document.title='hit'>.html"
LONG = f"out/{'very-' * 60}long.tar.gz"


def test_artifacts_are_listed_as_text_and_downloaded_as_files(page_of, alice):
    run = make.job(status="success").run
    for path in ("out/report.csv", HOSTILE, LONG):
        make.artifact(run, "<script>document.title='hit'</script>", path=path)
    Run.objects.filter(pk=run.pk).update(artifacts_note="Not kept: big.iso (larger than 50 MB).")
    page = page_of(alice)
    page.goto(run.get_absolute_url())
    card = page.get_by_role("region", name="Artifacts")
    expect(card).to_contain_text("Their content is not masked")
    expect(card).to_contain_text("Not kept: big.iso (larger than 50 MB).")
    expect(card.get_by_role("link")).to_have_count(3)
    with page.expect_download() as started:
        card.get_by_role("link", name=HOSTILE).click()
    # the last part of the path, with what no file system takes replaced
    assert "/" not in started.value.suggested_filename
    assert started.value.suggested_filename.endswith(".html")
    assert "hit" in Path(started.value.path()).read_text()
    expect(page).not_to_have_title("hit")
    page.set_viewport_size({"width": 390, "height": 844})
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
