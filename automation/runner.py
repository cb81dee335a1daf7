"""Runs playbooks: the one place that knows ansible-runner.

`execute(run)` sees a claimed run through to its end, whatever happens on the way:

1. fill a private folder with checked playbook, inventory and variables;
2. start ansible-playbook in it, with an environment that holds nothing of ours;
3. send each event's lines to job_logs, its result to task_results, what it means to the tally;
4. ten times a second look whether lines have waited long enough, twice a second whether somebody
   cancelled, the deadline has passed or the claim is lost, every five seconds say that we live;
5. stop it if so, kill whatever is left of it, and write the end.
"""

import errno
import logging
import os
import shutil
import socket
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ansible_runner.config.runner import RunnerConfig
from ansible_runner.runner import Runner
from django.conf import settings
from django.db import DatabaseError

from audit.context import acting_as
from audit.redaction import Redactor, secret_texts
from inventory.models import Credential
from schema.encryption import Undecryptable

from . import playbook_files, processes, shutdown, variables
from .gathered_facts import GatheredFacts
from .host_keys import learn_host_keys
from .log_lines import LogRouter
from .log_writer import LogWriter
from .models import Job, Outcome, Run, TaskResult, Worker
from .retrying import insisting, is_transient, reconnect
from .run_folder import CALLBACKS, CannotStart, RunFolder, run_folder
from .tally import Hosts, Tally
from .task_results import TaskResults

logger = logging.getLogger(__name__)

# What ansible-playbook may see of the worker's environment; everything else stays here.
KEPT_ENVIRONMENT = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "TZ",
    "TMPDIR",
    "ANSIBLE_CONFIG",
    "ANSIBLE_ROLES_PATH",
    "ANSIBLE_COLLECTIONS_PATH",
)
# Ansible's own default for what ANSIBLE_SSH_ARGS replaces.
KEPT_CONNECTION = "-C -o ControlMaster=auto -o ControlPersist=60s"
POLL_SECONDS = 0.1
LOOK_SECONDS = 0.5
GRACE_SECONDS = 5.0
UNDECRYPTABLE = "Put the key back, or give the secret again."
RETRY_HINT = "\tto retry, use: --limit @"


def execute(run: Run) -> bool:
    """Run a claimed run and write how it ended. False when somebody else had ended it."""
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
            ended = {"default": _internal(error)}
        finally:
            processes.sweep(str(run.claim_token))
        outcomes, code = ended.get("outcomes", {}), ended.get("exit_code")
        try:
            return insisting(lambda: run.finish(outcomes, ended["default"], exit_code=code))
        except Exception as error:
            # Whatever the outcome holds that cannot be written: the run must not hang for it.
            logger.exception("The end of run %s could not be written", run.pk)
            plain = _internal(error)
            return insisting(lambda: run.finish({}, plain, exit_code=code))


def ansible_playbook() -> str | None:
    """The program's path: the one that is installed beside this Python, else the one in PATH."""
    if settings.ANSIBLE_PLAYBOOK:
        return shutil.which(settings.ANSIBLE_PLAYBOOK)
    beside = Path(sys.executable).parent / "ansible-playbook"
    return str(beside) if beside.exists() else shutil.which("ansible-playbook")


def _guard(environment: Path | None) -> list[str]:
    """What stands before ansible-playbook.

    Should the worker die, the kernel tells it to end. And it reads nothing: a `vars_prompt` whose
    value was not given would else wait for an answer for ever; so it takes its default. What the
    credentials add to its environment comes from a file.
    """
    end_with_the_worker = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
    start = '. "$0" && exec "$@" </dev/null' if environment else 'exec "$@" </dev/null'
    return [*end_with_the_worker, "sh", "-c", start, str(environment or "sh")]


def _internal(error: Exception) -> Outcome:
    reason = f"InfraOps could not run it: {type(error).__name__}: {error}"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        reason += f". The disk of RUN_ROOT is full on the worker {socket.gethostname()}."
    return Outcome.failed(Job.FailureKind.INTERNAL, _storable(reason)[:2000])


def _storable(text: str) -> str:
    """Half of a character ("\\ud800" in a module's JSON) no database takes: it stays as escape."""
    return text.encode(errors="backslashreplace").decode()


class _Execution:
    """One ansible-playbook process and what is known about it while it runs."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.token = str(run.claim_token)
        # In the order of the launch: batches (`serial`) take them so.
        self.jobs = list(run.jobs.active().select_related("server", "playbook").order_by("id"))
        self.writer = LogWriter(run)
        self.redactor = Redactor(self._secrets())
        hosts = {job.server.hostname: job.pk for job in self.jobs}
        addresses = [(job.server.ip_address, job.pk) for job in self.jobs]
        self.router = LogRouter(hosts, self.writer.add, addresses)
        root = f"{playbook_files.root_of(run.playbook.file_path)}/"
        self.results = TaskResults(hosts, self.writer.add_result, self._clean, root)
        self.facts = GatheredFacts(self.redactor)
        self.tally = Tally(self._clean)
        self.stopped: Outcome | None = None
        self.started = self._heard_at = time.monotonic()
        self._stopped_at = self._looked_at = self._beat_at = 0.0
        self._paths = ("\0", "")  # nothing to replace yet

    def execute(self) -> dict[str, Any]:
        """Run it; the arguments for Run.finish()."""
        program = ansible_playbook()
        if program is None:
            raise CannotStart(
                Job.FailureKind.ANSIBLE_MISSING,
                f"ansible-playbook is not installed on the worker {self.run.worker_host}.",
            )
        servers = [job.server for job in self.jobs]
        with ExitStack() as stack:
            folder = insisting(lambda: stack.enter_context(run_folder(self.run, servers)))
            config = self._configured(folder, program)
            root = playbook_files.root_of(self.run.playbook.file_path)
            self._paths = (str(folder.project), str(root))
            insisting(lambda: self._note_command(folder, config))
            exit_code = self._run(config, folder.environment)
            plays = playbook_files.plays_in((folder.project / folder.playbook).read_bytes())
            insisting(lambda: learn_host_keys(folder.known_hosts, self.jobs))
            hosts = folder.hosts()
        if insisting(self.run.beat):  # else somebody else has ended it, and has the last word
            insisting(self._mark_rescued)
            self._keep_facts()
        return self._ended(exit_code, plays, hosts)

    def _configured(self, folder: RunFolder, program: str) -> RunnerConfig:
        config = RunnerConfig(
            private_data_dir=str(folder.path),
            playbook=folder.playbook,
            quiet=True,
            fact_cache_type="memory",
        )
        config.prepare()
        # Not among the settings above: without a file of settings the runner forgets those. The
        # output file would hold everything that is printed, with its secrets.
        config.pexpect_timeout = POLL_SECONDS
        config.suppress_output_file = True
        config.cwd = str(folder.project)
        config.command = [program, *folder.arguments()]
        config.env = self._environment(config.env, folder)
        return config

    def _environment(self, prepared: dict[str, str], folder: RunFolder) -> dict[str, str]:
        """What the runner has added and a few of our own; nothing else of the worker's."""
        added = {name: value for name, value in prepared.items() if os.environ.get(name) != value}
        kept = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
        ssh = f"-o UserKnownHostsFile={folder.known_hosts} -o HashKnownHosts=no {KEPT_CONNECTION}"
        return {
            **kept,
            **added,
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_FORCE_COLOR": "True",
            "ANSIBLE_HOST_KEY_CHECKING": "True",
            # A configuration that asks for passwords would wait at our terminal for ever.
            "ANSIBLE_ASK_PASS": "False",
            "ANSIBLE_BECOME_ASK_PASS": "False",
            "ANSIBLE_ASK_VAULT_PASS": "False",
            # Pinned keys are checked; an unknown server's key is accepted once and then pinned.
            # These go before a server's own ansible_ssh_common_args (a jump host), which would
            # take the place of ANSIBLE_SSH_COMMON_ARGS: ssh believes the first of two options.
            "ANSIBLE_SSH_ARGS": f"{ssh} -o StrictHostKeyChecking=accept-new",
            # Groups called web-servers are common, and a warning in each log says nothing new.
            "ANSIBLE_TRANSFORM_INVALID_GROUP_CHARS": "ignore",
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(folder.control_path),
            # Opened vaults and filled templates on their way: gone with the folder.
            "ANSIBLE_LOCAL_TEMP": str(folder.path / "tmp"),
            "ANSIBLE_CALLBACK_PLUGINS": f"{prepared['ANSIBLE_CALLBACK_PLUGINS']}:{CALLBACKS}",
            **folder.environment_for_ends,
            processes.MARKER: self.token,
        }

    def _note_command(self, folder: RunFolder, config: RunnerConfig) -> None:
        self.run.command = folder.shown(["ansible-playbook", *config.command[1:]])
        self.run.save(update_fields=["command"])

    def _run(self, config: RunnerConfig, environment: Path | None) -> int | None:
        config.command = [*_guard(environment), *config.command]
        runner = Runner(config, event_handler=self._on_event, cancel_callback=self._on_poll)
        try:
            runner.run()
        finally:
            self.router.close()
            self.writer.close()
        return runner.rc

    def _on_event(self, event: dict[str, Any]) -> bool:
        if RETRY_HINT not in event.get("stdout", ""):  # it is our folder that it names
            self.tally.note(event)
            self.results.note(event)
            self.facts.note(event)
            # As a whole: a long text may be folded, and a secret in it reach over two lines.
            self.router.route({**event, "stdout": self._clean(event.get("stdout", ""))})
        # At the end: while the database is away, taking lines may last, and that is not its fault.
        self._heard_at = time.monotonic()
        return False  # the runner need not keep it in a file

    def _clean(self, text: str) -> str:
        """As people may see it: without secrets, and with the playbook where it really lies."""
        return self.redactor.redact(_storable(text).replace(*self._paths))

    def _on_poll(self) -> bool:
        """Called at least every POLL_SECONDS. Always False: the runner's own way of cancelling
        leaves ansible-core's workers running, so stopping is done here.
        """
        self.writer.tick()
        now = time.monotonic()
        if self.stopped is not None:
            if now - self._stopped_at > GRACE_SECONDS:
                processes.sweep(self.token)
        elif now - self._looked_at >= LOOK_SECONDS:
            self._looked_at = now
            self._look(now)
        return False

    def _look(self, now: float) -> None:
        try:
            self.stopped = self._reason_to_stop(now)
        except DatabaseError as error:
            if not is_transient(error):
                raise
            reconnect()
        if self.stopped is not None:
            self._stopped_at = now
            processes.terminate(self.token)

    def _reason_to_stop(self, now: float) -> Outcome | None:
        if now - self.started > self.run.deadline_seconds:
            return Outcome.failed(
                Job.FailureKind.DEADLINE,
                f"Stopped: it ran longer than its deadline of {self.run.deadline_seconds} seconds.",
            )
        idle = self.run.idle_deadline_seconds
        if idle is not None and now - self._heard_at > idle:
            return Outcome.failed(
                Job.FailureKind.DEADLINE,
                f"Stopped: it printed nothing for {idle} s, which is its idle deadline.",
            )
        if shutdown.is_overdue():
            return Outcome.cancelled("Cancelled: its worker was stopped before it had ended.")
        if now - self._beat_at >= settings.RUN_HEARTBEAT_SECONDS:
            Worker.objects.beat()
            if not self.run.beat():
                return Outcome.failed(Job.FailureKind.WORKER_LOST, "Somebody else has ended it.")
            self._beat_at = now  # only now: a beat that the database did not take is tried again
        self.run.refresh_from_db(fields=["cancel_requested_at", "cancelled_by", "cancel_reason"])
        if self.run.cancel_requested_at is not None:
            return Outcome.cancelled(self.run.cancel_message())
        return None

    def _mark_rescued(self) -> None:
        """What had failed and was rescued: that is known now."""
        for job_id, numbers in self.results.rescued(self.tally.stats).items():
            results = TaskResult.objects.filter(job_id=job_id, number__in=numbers)
            results.update(status=TaskResult.Status.RESCUED)

    def _keep_facts(self) -> None:
        """Facts that cannot be kept must not change how the run has ended."""
        try:
            insisting(self.facts.keep)
        except Exception:
            logger.exception("The facts of run %s could not be kept", self.run.pk)

    def _ended(
        self,
        exit_code: int | None,
        plays: list[dict[str, Any]],
        hosts: Hosts,
    ) -> dict[str, Any]:
        if self.stopped is not None:
            return {"default": self.stopped, "exit_code": exit_code}
        outcomes = {
            job.pk: self.tally.outcome(job.server.hostname, exit_code, plays, hosts)
            for job in self.jobs
        }
        unknown = Outcome.failed(Job.FailureKind.INTERNAL, "No outcome was found for this job.")
        return {"outcomes": outcomes, "default": unknown, "exit_code": exit_code}

    def _secrets(self) -> list[str]:
        """The values that no log may show."""
        opened = variables.opened(self.run.extra_vars)
        given = [opened[name] for name in self.run.secret_names()]
        servers = [job.server for job in self.jobs]
        for credential in Credential.objects.used_for(servers, self.run.credential):
            given += credential.secrets()
        given += [vault.opened() for vault in self.run.playbook.vault_passwords.all()]
        within = [*opened.values(), *(server.variables for server in servers)]
        return [*given, *secret_texts(within)]
