"""Chromium for measurements, and the session of a user."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.test import Client

from accounts.models import User

try:
    from playwright.sync_api import sync_playwright
except ImportError:  # comes with the tests; a benchmark may do without
    sync_playwright = None

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def missing() -> str:
    """What is not installed, in words; "" if nothing."""
    if sync_playwright is None:
        return "playwright is not installed (requirements/dev.txt)"
    return "" if CHROMIUM else "Chromium is not installed"


@contextmanager
def chromium() -> Iterator[Any]:
    """Start a browser and yield it.

    In the block, Django takes the thread for an asynchronous one: query before.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def new_context(browser: Any, url: str, cookies: dict[str, str]) -> Any:
    """A browser context without a cache, for the console at this URL."""
    context = browser.new_context(base_url=url)
    context.add_cookies([{"name": n, "value": v, "url": url} for n, v in cookies.items()])
    return context


def session_of(user: User) -> dict[str, str]:
    """{cookie: value} of a new session."""
    client = Client()
    client.force_login(user)
    return cookies_of(client)


def cookies_of(client: Client) -> dict[str, str]:
    return {name: morsel.value for name, morsel in client.cookies.items()}


def as_header(cookies: dict[str, str]) -> str:
    """The cookies as the value of a Cookie header."""
    return "; ".join(f"{name}={value}" for name, value in cookies.items())
