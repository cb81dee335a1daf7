"""Requests sent after their session has ended do nothing, and lead through the login and back."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from automation.models import Job
from tests import make

HERE = "http://testserver"
BACK = {"Accept": "text/html,*/*;q=0.8"}


@pytest.fixture
def job(alice) -> Job:
    return make.job(status="running", user=alice)


def cancel(job: Job) -> str:
    return reverse("automation:job_cancel", args=[job.job_id])


def wanted(answer) -> str:
    """The path that the login leads to."""
    assert answer.status_code == 302
    assert urlsplit(answer.url).path == reverse("admin:login")
    (path,) = parse_qs(urlsplit(answer.url).query)["next"]
    return path


def test_the_log_in_leads_to_the_page_of_the_form(client, job):
    page = f"{job.get_absolute_url()}?result=failed"
    answer = client.post(cancel(job), headers={"referer": HERE + page})
    assert wanted(answer) == page
    form = client.get(answer.url).content.decode()
    assert "Your session has ended, so nothing was done." in form
    sent = client.post(answer.url, {"username": "alice", "password": make.PASSWORD}, follow=True)
    assert sent.redirect_chain == [(page, 302)]
    assert "Nothing was done: your session had ended." in sent.content.decode()
    job.run.refresh_from_db()
    assert job.run.cancel_requested_at is None
    assert "Nothing was done" not in client.get(page).content.decode()


def test_so_it_does_where_the_token_of_the_form_is_gone_too(job):
    client = Client(enforce_csrf_checks=True)
    answer = client.post(cancel(job), headers={"referer": HERE + job.get_absolute_url()})
    assert wanted(answer) == job.get_absolute_url()


@pytest.mark.parametrize(
    "sender",
    [
        "",
        "https://evil.example/page",
        "//evil.example/page",
        f"{HERE}//evil.example/page",
        f"{HERE}/\\evil.example/page",
        f"{HERE}.evil.example/page",
        "javascript:alert(1)",
        "about:blank",
    ],
)
def test_a_page_that_is_not_ours_is_no_way_back(client, job, alice, sender):
    headers = {"referer": sender} if sender else {}
    assert wanted(client.post(cancel(job), headers=headers)) == reverse("home")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    page = strict.post(cancel(job), headers=headers)
    assert page.status_code == 403
    assert "evil" not in page.content.decode() and "Back to the form" not in page.content.decode()


def test_a_form_of_somebody_else_tells_nothing_to_whoever_is_signed_in(job):
    """Sent by another site, it comes without the session: not even the login is shown."""
    client = Client(enforce_csrf_checks=True)
    answer = client.post(cancel(job), headers={"referer": "https://evil.example/"})
    assert answer.status_code == 403
    assert "messages" not in answer.cookies


def test_an_expired_form_leads_back_to_its_page(job, alice):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    page = f"{job.get_absolute_url()}?result=failed&order=slowest"
    answer = client.post(cancel(job), headers={"referer": HERE + page})
    assert answer.status_code == 403
    assert "This form has expired" in answer.content.decode()
    escaped = page.replace("&", "&amp;")
    assert f'href="{escaped}">Back to the form' in answer.content.decode()


def test_an_expired_log_in_leads_on(alice):
    log_in = f"{reverse('admin:login')}?next=/runs/7/"
    sent = {"headers": {"referer": HERE + log_in}}
    client = Client(enforce_csrf_checks=True)
    assert client.post(log_in, {"username": "alice"}, **sent).url == log_in
    client.force_login(alice)
    assert client.post(log_in, {"username": "alice"}, **sent).url == "/runs/7/"
    elsewhere = {"headers": {"referer": f"{HERE}{reverse('admin:login')}?next=//evil.example/"}}
    assert client.post(log_in, {"username": "alice"}, **elsewhere).url == reverse("home")


def test_scripts_are_told_and_not_led(client, job, alice):
    plan = reverse("automation:job_launch_plan")
    for answer in (
        client.post(plan, headers={"accept": "*/*"}),
        client.get(reverse("home_live"), headers={"accept": "*/*"}),
    ):
        assert answer.status_code == 401
        assert answer.content == b"Log in first."
        assert "messages" not in answer.cookies
    assert client.get(reverse("home"), headers={"accept": BACK["Accept"]}).status_code == 302


def test_an_address_without_a_page_leads_to_the_one_above(client_of, alice, job):
    answer = client_of(alice).get(cancel(job))
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert f'href="{job.get_absolute_url()}">Go back' in answer.content.decode()
    answer = client_of(alice).get(reverse("accounts:view_save"))
    assert answer.status_code == 405
    assert f'href="{reverse("home")}">Go back' in answer.content.decode()
    script = client_of(alice).get(cancel(job), headers={"accept": "*/*"})
    assert (script.status_code, script.content) == (405, b"")
    answer = client_of(alice).delete("/api/health", headers={"accept": "text/html"})
    assert answer.status_code == 405 and b"Go back" not in answer.content


def test_the_log_in_says_no_more_than_it_has_to(client, alice, charlie):
    path = reverse("admin:login")
    for name, password in (
        ("alice", "wrong"),
        ("nobody", "wrong"),
        ("charlie", make.PASSWORD),
    ):
        page = client.post(path, {"username": name, "password": password}).content.decode()
        assert "Wrong user name or password." in page
        assert "staff" not in page and "Please correct" not in page
