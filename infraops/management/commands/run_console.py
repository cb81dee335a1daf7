"""Run the console and a worker in one terminal, until Ctrl-C."""

import contextlib
import signal
import socket
import subprocess
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from automation import children
from automation.models import Run

LOOK_SECONDS = 0.5


class Command(BaseCommand):
    help = (
        "Keep the console and a worker up. Ctrl-C ends both: running jobs may finish; "
        "a second Ctrl-C cancels them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--bind", default="127.0.0.1:8000", metavar="HOST:PORT")
        parser.add_argument("--threads", type=int, default=8, help="requests at the same time")

    def handle(self, *args: Any, **options: Any) -> None:
        self._refuse_taken_port(options["bind"])
        self._asked_to_stop = 0
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        self.stdout.write(f"InfraOps: http://{options['bind']}  (Ctrl-C ends it)")
        web = children.start(
            "-m",
            "gunicorn",
            f"--bind={options['bind']}",
            f"--threads={options['threads']}",
            "--access-logfile=-",
            "infraops.wsgi",
        )
        worker = children.start_worker()
        self._keep_up(web, worker)
        failed = not self._asked_to_stop
        self._end(web, worker)
        if failed:
            raise CommandError("The console or the worker ended by itself: see above.")
        self.stdout.write("Both have ended.")

    def _on_signal(self, *unused: Any) -> None:
        self._asked_to_stop += 1

    def _keep_up(self, *processes: subprocess.Popen[bytes]) -> None:
        while not self._asked_to_stop and all(process.poll() is None for process in processes):
            time.sleep(LOOK_SECONDS)

    def _end(self, web: subprocess.Popen[bytes], worker: subprocess.Popen[bytes]) -> None:
        """Stop the console, then the worker once its jobs have ended or were cancelled."""
        asked = self._asked_to_stop
        web.terminate()
        worker.terminate()
        if running := self._running_here().count():
            self.stdout.write(f"{running} running: waiting. Ctrl-C again cancels.")
        while worker.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                worker.wait(LOOK_SECONDS)
            if self._asked_to_stop > asked:
                asked = self._asked_to_stop
                self._cancel_running()
        children.stop(web, within_seconds=35)

    def _cancel_running(self) -> None:
        for run in self._running_here():
            run.cancel(None, reason="The worker was stopped.")

    @staticmethod
    def _running_here() -> Any:
        return Run.objects.running_here()

    @staticmethod
    def _refuse_taken_port(bind: str) -> None:
        host, _, port = bind.rpartition(":")
        if not port.isdigit():
            raise CommandError(f"--bind is HOST:PORT, like 127.0.0.1:8000, and not “{bind}”.")
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host or "127.0.0.1", int(port)))
            except OSError as error:
                raise CommandError(
                    f"{bind} cannot be used ({error.strerror}): is a console running already? "
                    "`--bind` takes another one."
                ) from None
