"""The console as in production: gunicorn on a free port of this machine."""

import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from socket import socket

from automation import children


@contextmanager
def console() -> Iterator[str]:
    """Start it and yield its URL once it answers."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        bind = f"127.0.0.1:{probe.getsockname()[1]}"
    arguments = (f"--bind={bind}", "--workers=2", "--threads=4", "--log-level=warning")
    child = children.start("-m", "gunicorn", *arguments, "infraops.wsgi")
    try:
        _await(f"http://{bind}")
        yield f"http://{bind}"
    finally:
        children.stop(child, within_seconds=35)


def _await(url: str, *, seconds: float = 30) -> None:
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        try:
            # Without a worker it answers 503, which will do.
            urllib.request.urlopen(f"{url}/api/health", timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"{url} does not answer")
