"""Run playbooks: the only module that imports ansible-runner.

`execute(run)` takes a claimed run to its end, whatever happens on the way:

1. fill a private folder with the checked playbook, inventory and variables;
2. start ansible-playbook in it, with an environment that holds nothing of ours;
3. in a thread of its own, read its events from a channel of our own: lines, results, verdicts;
4. meanwhile write those down, check twice a second whether somebody cancelled, the deadline has
   passed or the claim is lost, and send a heartbeat every five seconds;
5. if so stop it, kill whatever is left, and write the outcome.

Two threads, so that even output that takes long to read cannot keep a run from being stopped. Only
the main thread uses the database.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import pexpect
from ansible_runner.config.runner import RunnerConfig
from ansible_runner.runner import Runner
from django.conf import settings
from django.db import DatabaseError

from audit.context import acting_as
from automation.content import playbook_files
from automation.models import ClaimLost, Job, Outcome, Run, Worker
from inventory.ansible import processes
from inventory.models import Server, share_inventories
from schema.encryption import Undecryptable
from schema.retrying import insisting, is_transient, reconnect

from . import shutdown
from .ansible_process import ansible_playbook, guard_command, process_environment
from .artifacts import keep_artifacts
from .channel import ChannelReader
from .host_keys import learn_host_keys
from .log_writer import LogWriter
from .masking import Masking
from .run_folder import FULL, CannotStart, RunFolder, no_room, run_folder, unwritable
from .run_secrets import known_secrets
from .transcript import Transcript, describe_channel_failure

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.05
LOOK_SECONDS = 0.5
GRACE_SECONDS = 5.0
UNDECRYPTABLE = "Put the key back, or enter the secret again."
# A shell reports a program that was ended by a signal as 128 plus the signal's number.
SIGNALLED = 128
# Rows written at once; between two batches we check whether to stop.
HELPING = 500

# Never shown: whoever ended the run has written its outcome.
LOST = Outcome.failed(Job.FailureKind.WORKER_LOST, "Somebody else has ended it.")


def execute(run: Run) -> bool:
    """Run a claimed run and write its outcome. False if it was ended elsewhere."""
    with acting_as(run.launched_by):
        try:
            ended = insisting(lambda: _Execution(run)).execute()
        except CannotStart as error:
            ended = {"default": error.outcome}
        except Undecryptable as error:
            ended = {
                "default": Outcome.failed(Job.FailureKind.INTERNAL, f"{error} {UNDECRYPTABLE}")
            }
        except Exception as error:
            logger.exception("Run %s broke", run.pk)
            ended = {"default": _internal(run, error)}
        finally:
            processes.kill_marked(str(run.claim_token))
        return _finish(run, **ended)


def _finish(
    run: Run, default: Outcome, outcomes: dict[int, Outcome] | None = None, **known: Any
) -> bool:
    try:
        return insisting(lambda: run.finish(outcomes or {}, default, **known))
    except Exception as error:
        # The outcome contains something that cannot be written: the run must not hang for it.
        logger.exception("The end of run %s could not be written", run.pk)
        plain = _internal(run, error)
        return insisting(lambda: run.finish({}, plain, exit_code=known.get("exit_code")))


def _internal(run: Run, error: Exception) -> Outcome:
    """The outcome without the error's own text, which may contain output, arguments or secrets."""
    if isinstance(error, OSError) and (error.filename or error.errno in FULL):
        reason = unwritable(run, error)
    elif isinstance(error, OSError):
        reason = f"InfraOps could not run it: {error.strerror or type(error).__name__}."
    else:
        reason = (
            f"InfraOps could not run it ({type(error).__name__}). The log of the worker "
            f"{run.worker_host} has the details."
        )
    return Outcome.failed(Job.FailureKind.INTERNAL, reason)


class _Execution:
    """One ansible-playbook process, and what is known about it while it runs."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.token = str(run.claim_token)
        # In the order of the launch, which batches (`serial`) follow.
        jobs = run.jobs.active().select_related("server__inventory", "playbook")
        self.jobs = list(jobs.order_by("id"))
        self.servers = [job.server for job in self.jobs]
        share_inventories(self.servers)
        self.writer = LogWriter(run)
        root = f"{playbook_files.root_of(run.playbook.file_path)}/"
        # {path of the run: what is shown for it}
        self._paths: dict[str, str] = {}
        self.neighbours = list(Server.objects.neighbours_of(self.servers))
        hosts = [server.inventory_name for server in (*self.servers, *self.neighbours)]
        secrets = known_secrets(run, self.servers, self.neighbours)
        self.masking = Masking(secrets, hosts, self._with_real_paths, root)
        self.transcript = Transcript(run, self.jobs, self.masking, self.writer)
        self.stopped: Outcome | None = None
        self.started = time.monotonic()
        self._stopped_at = self._looked_at = self._beat_at = 0.0

    def execute(self) -> dict[str, Any]:
        """Run it. Returns the arguments for `_finish`."""
        program = ansible_playbook()
        if program is None:
            raise CannotStart(
                Job.FailureKind.ANSIBLE_MISSING,
                f"ansible-playbook is not installed on the worker {self.run.worker_host}.",
            )
        with ExitStack() as stack:
            made = partial(run_folder, self.run, self.servers, self.neighbours)
            folder = insisting(lambda: stack.enter_context(made()))
            self.neighbours = []  # there may be thousands
            config = self._configured(folder, program)
            root = playbook_files.root_of(self.run.playbook.file_path)
            self._paths = {str(folder.project): str(root), folder.ssh_programs: ""}
            self.transcript.watch_room_in(f"{folder.path}/", no_room(self.run))
            insisting(lambda: self._note_start(folder, config))
            exit_code = self._run(config, folder)
            self._keep_artifacts(folder)
            with self._while_held():
                insisting(lambda: learn_host_keys(folder.known_hosts, self.jobs))
        if insisting(self.run.beat):  # else the run was ended elsewhere
            self._keep_facts()
        return self._ended(exit_code)

    def _configured(self, folder: RunFolder, program: str) -> RunnerConfig:
        config = RunnerConfig(
            private_data_dir=str(folder.path),
            playbook=folder.playbook,
            quiet=True,
            fact_cache_type="memory",
        )
        config.prepare()
        # Set afterwards: without a settings file, the runner ignores these settings.
        config.pexpect_timeout = POLL_SECONDS
        config.suppress_output_file = True
        config.cwd = str(folder.working_directory)
        config.command = [program, *folder.arguments()]
        config.env = process_environment(config.env, folder, self.token)
        return config

    def _note_start(self, folder: RunFolder, config: RunnerConfig) -> None:
        command = folder.shown(["ansible-playbook", *config.command[1:]])
        self.run.note(command=command, unmasked=self.masking.unmasked)

    def _run(self, config: RunnerConfig, folder: RunFolder) -> int | None:
        """The exit code: negative for a signal, None if unknown."""
        self.channel = ChannelReader(folder.path, self.transcript.note, self.transcript.close)
        try:
            config.command = [*guard_command(folder, self.channel), *config.command]
            self.channel.start()
            code = self._exit_code_of(config)
            self._take_in_the_rest()
            return code
        finally:
            self.transcript.outbox.close()
            self.channel.finish()
            if self.channel.ident is not None:  # else the thread could not be started
                self.channel.join()
            self.channel.release()

    def _exit_code_of(self, config: RunnerConfig) -> int | None:
        runner = Runner(config, event_handler=_unneeded, cancel_callback=self._on_poll)
        try:
            runner.run()
        except pexpect.TIMEOUT:
            # It has ended, but something that it started has not.
            processes.kill_marked(self.token)
        except OSError:
            # Raised by the runner's notes about the end, which are not needed.
            if runner.rc is None:
                raise
        if runner.rc is not None and runner.rc > SIGNALLED:
            return SIGNALLED - runner.rc
        return runner.rc

    def _take_in_the_rest(self) -> None:
        """Write everything reported, however long the database takes. The process has ended, so
        neither its deadline nor a cancellation can change the outcome.
        """
        self.channel.finish()
        while self.channel.is_alive() or not self.transcript.outbox.is_empty:
            self._write_down()
            self._look_if_due(self._lost_claim)
            if self.transcript.outbox.is_empty or self.writer.is_behind:
                time.sleep(POLL_SECONDS)
        with self._while_held():
            self.writer.close()

    def _on_poll(self) -> bool:
        """Called at least every POLL_SECONDS. Always False: the runner's own way of cancelling
        leaves ansible-core's workers running, so stopping is done here.
        """
        self._write_down()
        self._look_if_due(self._reason_to_stop)
        return False

    def _write_down(self) -> None:
        """Write a batch of what was read, unless the database is already behind."""
        with self._while_held():
            if not self.writer.is_behind:
                for write in self.transcript.outbox.take(HELPING):
                    write()
            self.writer.tick()

    @contextmanager
    def _while_held(self) -> Iterator[None]:
        """Stop if the run was ended elsewhere: nothing more may be written about it."""
        try:
            yield
        except ClaimLost:
            self._stop(LOST)

    def _look_if_due(self, reason_to_stop: Callable[[float], Outcome | None]) -> None:
        now = time.monotonic()
        if self.stopped is not None and now - self._stopped_at > GRACE_SECONDS:
            processes.kill_marked(self.token)
        if now - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at = now
        try:
            reason = reason_to_stop(now)
        except DatabaseError as error:
            if not is_transient(error):
                raise
            reconnect()
            return
        if reason is not None:
            self._stop(reason)

    def _stop(self, reason: Outcome) -> None:
        """Terminate the process. The first reason counts."""
        if self.stopped is None:
            self.stopped, self._stopped_at = reason, time.monotonic()
            processes.terminate(self.token)

    def _reason_to_stop(self, now: float) -> Outcome | None:
        if known := self.transcript.verdict or describe_channel_failure(self.channel):
            return known
        if now - self.started > self.run.deadline_seconds:
            return Outcome.failed(
                Job.FailureKind.DEADLINE,
                f"Stopped: it exceeded its time limit of {self.run.deadline_seconds} seconds.",
            )
        idle = self.run.idle_deadline_seconds
        if idle is not None and self.transcript.silent_seconds() > idle:
            return Outcome.failed(
                Job.FailureKind.DEADLINE,
                f"Stopped: it printed nothing for {idle} s, its limit without output.",
            )
        if shutdown.is_overdue():
            return Outcome.cancelled("Cancelled: its worker was stopped before the run finished.")
        if lost := self._lost_claim(now):
            return lost
        self.run.refresh_from_db(fields=["cancel_requested_at", "cancelled_by", "cancel_reason"])
        if self.run.cancel_requested_at is not None:
            return Outcome.cancelled(self.run.cancel_message())
        return None

    def _lost_claim(self, now: float) -> Outcome | None:
        """Send a heartbeat if one is due; LOST if the run was ended elsewhere."""
        if now - self._beat_at < settings.RUN_HEARTBEAT_SECONDS:
            return None
        Worker.objects.beat()
        if not self.run.beat(**self.transcript.versions):
            return LOST
        self._beat_at = now  # not earlier: a heartbeat that failed is retried
        return None

    def _keep_artifacts(self, folder: RunFolder) -> None:
        """Store what plays have left in the folder; an error must not change the outcome."""
        cache = folder.config.fact_cache if folder.config else None
        try:
            with self._while_held():
                keep_artifacts(
                    self.run,
                    folder.project,
                    folder.before,
                    cache,
                    self.masking.text,
                    self._beat_if_due,
                )
        except Exception:
            logger.exception("The artifacts of run %s could not be kept", self.run.pk)

    def _beat_if_due(self) -> None:
        self._look_if_due(self._lost_claim)

    def _keep_facts(self) -> None:
        """Store the facts; an error must not change the run's outcome."""
        try:
            insisting(self.transcript.facts.keep)
        except Exception:
            logger.exception("The facts of run %s could not be kept", self.run.pk)

    def _ended(self, exit_code: int | None) -> dict[str, Any]:
        tally = self.transcript.tally
        known = {
            "exit_code": exit_code,
            "idle_plays": [play.as_json() for play in tally.idle_plays],
            "other_hosts": tally.other_hosts(exit_code),
            "versions": self.transcript.versions,
        }
        if (
            stopped := self.stopped
            or self.transcript.verdict
            or describe_channel_failure(self.channel)
        ):
            return {"default": stopped, **known}
        outcomes = {
            job.pk: tally.outcome(job.server.inventory_name, exit_code) for job in self.jobs
        }
        unknown = Outcome.failed(Job.FailureKind.INTERNAL, "No outcome was found for this job.")
        return {"outcomes": outcomes, "default": unknown, **known}

    def _with_real_paths(self, text: str) -> str:
        """The text with real paths in place of those in the run's folder."""
        for path, shown in self._paths.items():
            text = text.replace(path, shown)
        return text


def _unneeded(_event: dict[str, Any]) -> bool:
    """Ignore the runner's own events: its terminal carries nothing, and would not be trusted."""
    return False
