"""A process that ends runs whose worker is gone, however busy the workers are."""

from multiprocessing.connection import Connection

from django.conf import settings

from automation.execution import reaper

from .child import Loss, State
from .losses import report_loss


def keep_reaping(pipe: Connection, loss: Loss | None) -> None:
    report_loss(loss)
    while True:
        pipe.send(State.LOOPING)
        if pipe.poll(settings.RUN_HEARTBEAT_SECONDS):
            pipe.recv()  # nothing is ever sent: this is the end of the pipe
        reaper.look()
