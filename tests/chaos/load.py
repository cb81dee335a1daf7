"""People and programs that launch, cancel and follow, and do not give up."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Self, TypeVar

from django.db import Error, connection
from django.db.models import QuerySet

from automation.models import Run
from tests import make
from tests.chaos.console_client import ConsoleClient, Trouble
from tests.chaos.followers import Command, Told, follow
from tests.chaos.plan import Launch
from tests.chaos.world import World

Result = TypeVar("Result")
# The number of concurrent runs.
AT_ONCE = 6
PAUSE_SECONDS = 0.5


@dataclass
class Story:
    """What happened to one launch, as seen by those who launched, cancelled and followed it."""

    launch: Launch
    has_begun: bool = False
    run_id: int | None = None
    told: list[Told] = field(default_factory=list)
    command: Command | None = None
    exit_status: int | None = None
    # Whether the cancellation was accepted; None if nobody cancelled, or no answer came.
    was_cancelled: bool | None = None
    complaints: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        launch = self.launch
        return f"{launch.mark} (run {self.run_id}, {launch.playbook} × {len(launch.servers)})"


class OutOfTime(Exception):
    """Everything is over, and it has not succeeded."""


class Load:
    """`with …:` `start`, wait until `is_done`, `stop`."""

    def __init__(self, world: World, launches: list[Launch]) -> None:
        self.world = world
        self.client = ConsoleClient(world.url, world.token)
        self.stories = [Story(launch) for launch in launches]
        self.is_over = threading.Event()
        # Nothing new is begun; what is under way goes on.
        self.is_late = threading.Event()
        self._pool = ThreadPoolExecutor(AT_ONCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_unused: object) -> None:
        """However it ended: stop all threads, or the process would wait for them."""
        self.is_over.set()

    def start(self) -> None:
        self._futures = [self._pool.submit(self._live, story) for story in self.stories]

    @property
    def is_done(self) -> bool:
        return all(future.done() for future in self._futures)

    @property
    def is_under_way(self) -> bool:
        """True if nothing more will be begun."""
        return self.is_late.is_set() or all(story.has_begun for story in self.stories)

    @property
    def done(self) -> int:
        return sum(future.done() for future in self._futures)

    def stop(self) -> list[Story]:
        """Stop those that still follow. Returns the stories that were begun."""
        self.is_over.set()
        self._pool.shutdown(cancel_futures=True)
        return [story for story in self.stories if story.run_id or story.complaints]

    def _live(self, story: Story) -> None:
        if self.is_late.is_set():
            return
        story.has_begun = True
        canceller = threading.Thread(target=self._cancel, args=[story])
        canceller.start()
        try:
            self._launch(story)
            if story.command is None:
                run = self._insist(lambda: Run.objects.get(pk=story.run_id))
                story.told = self._insist(lambda: follow(run, self.client, self.is_over))
        except OutOfTime as problem:
            story.complaints.append(str(problem))
        except Exception as problem:
            story.complaints.append(f"{type(problem).__name__}: {problem}")
        finally:
            canceller.join()
            connection.close()

    def _launch(self, story: Story) -> None:
        if story.launch.door == "command" and self._launch_by_command(story):
            return
        if story.launch.door == "api":
            story.run_id = self._insist(lambda: self._launch_by_api(story.launch))
        else:
            story.run_id = self._insist(lambda: self._launch_by_model(story.launch).pk)

    def _launch_by_command(self, story: Story) -> bool:
        """False if it reported that it could not launch, and nothing was launched."""
        launch, playbook = story.launch, self.world.playbooks[story.launch.playbook]
        hosts = [f"--server={self.world.servers[number].hostname}" for number in launch.servers]
        given = json.dumps({"mark": launch.mark})
        arguments = [playbook.name, *hosts, "--yes", "--extra-vars", given]
        arguments += ["--user", self.world.actor.username, "--wait-for-worker=600"]
        output = self.world.logs / f"{launch.mark}.log"
        command = Command(arguments, output)
        story.exit_status = command.wait(self.is_over)
        run = self._insist(lambda: self._runs_of(launch).first())
        if run is None:
            return False
        story.run_id, story.command = run.pk, command
        return True

    def _launch_by_api(self, launch: Launch) -> int:
        servers = [self.world.servers[number].pk for number in launch.servers]
        body = {
            "playbook_id": self.world.playbooks[launch.playbook].pk,
            "server_ids": servers,
            "extra_vars": {"mark": launch.mark},
        }
        answer = self.client.post("/api/jobs", body, **{"Idempotency-Key": launch.mark})
        return int(answer["run_id"])

    def _launch_by_model(self, launch: Launch) -> Run:
        servers = [self.world.servers[number] for number in launch.servers]
        playbook = self.world.playbooks[launch.playbook]
        given = {"mark": launch.mark}
        return make.launch(
            playbook, self.world.actor, servers, idempotency_key=launch.mark, extra_vars=given
        )

    def _cancel(self, story: Story) -> None:
        after = story.launch.cancel_after
        if after is None or self.is_over.wait(after):
            return
        try:
            run = self._insist(lambda: self._runs_of(story.launch).get())
            story.was_cancelled = run.cancel(self.world.actor)
        except (Error, OutOfTime):
            pass  # no answer: it may or may not have been accepted
        finally:
            connection.close()

    def _runs_of(self, launch: Launch) -> QuerySet[Run]:
        return self.world.runs().filter(extra_vars__mark=launch.mark).order_by("pk")

    def _insist(self, operation: Callable[[], Result]) -> Result:
        """Retry until it works, or everything is over."""
        while True:
            try:
                return operation()
            except (Error, Trouble, Run.DoesNotExist) as error:
                connection.close()
                if self.is_over.wait(PAUSE_SECONDS):
                    raise OutOfTime(f"did not work to the end: {error}") from None
