"""Run the console and a worker in one terminal, until Ctrl-C."""

import contextlib
import signal
import socket
import subprocess
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from automation import children
from automation.models import Run

LOOK_SECONDS = 0.5


class Command(BaseCommand):
    help = (
        "Run the console and a worker until Ctrl-C. Running jobs may finish; a second Ctrl-C "
        "cancels them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--bind", default="127.0.0.1:8000", metavar="HOST:PORT")
        parser.add_argument("--processes", type=int, default=2, help="of the console")
        parser.add_argument("--threads", type=int, default=8, help="requests handled at once")

    def handle(self, *args: Any, **options: Any) -> None:
        self._refuse_taken_port(options["bind"])
        self._asked_to_stop = 0
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        self.stdout.write(f"InfraOps: http://{options['bind']}  (Ctrl-C to stop)")
        web = children.start(
            "-m",
            "gunicorn",
            f"--bind={options['bind']}",
            f"--workers={options['processes']}",
            f"--threads={options['threads']}",
            "--access-logfile=-",
            "infraops.wsgi",
            ends_with_us=True,
        )
        worker = children.start_worker(ends_with_us=True)
        self._keep_up(web, worker)
        failed = not self._asked_to_stop
        self._end(web, worker)
        if failed:
            raise CommandError("The console or the worker stopped unexpectedly: see above.")
        self.stdout.write("Console and worker have stopped.")

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
        self._tell_what_runs()
        while worker.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                worker.wait(LOOK_SECONDS)
            if self._asked_to_stop > asked:
                asked = self._asked_to_stop
                worker.terminate()  # a second time: it cancels its runs
        children.stop(web, within_seconds=35)

    def _tell_what_runs(self) -> None:
        try:
            running = Run.objects.running_here().count()
        except DatabaseError:  # away: whatever runs may finish all the same
            return
        if running:
            jobs = "1 run is" if running == 1 else f"{running} runs are"
            self.stdout.write(f"{jobs} still going: waiting. Press Ctrl-C again to cancel.")

    @staticmethod
    def _refuse_taken_port(bind: str) -> None:
        host, colon, port = bind.rpartition(":")
        if not colon or not port.isdecimal() or not 0 < int(port) < 65536:
            raise CommandError(f"--bind takes HOST:PORT, such as 127.0.0.1:8000, not “{bind}”.")
        host = host.removeprefix("[").removesuffix("]") or "127.0.0.1"
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, int(port)))
            except OSError as error:
                raise CommandError(
                    f"Cannot listen on {bind}: {error.strerror}. Is a console running already? "
                    "To use another port: make run PORT=8001 (or run_console --bind HOST:PORT)."
                ) from None
