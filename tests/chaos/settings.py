"""The suite's settings with a worker that is quicker to give up, and connections kept as in
production."""

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES

DATABASES["default"]["CONN_MAX_AGE"] = 60
# What comes to it has hung: no run of the load takes so long.
RUN_DEADLINE_SECONDS = 240
WORKER_GRACE_SECONDS = 5
RUN_HEARTBEAT_SECONDS = 1
RUN_LOST_AFTER_SECONDS = 9
