"""The suite's settings with a worker that is taken for lost sooner, and connections kept as in
production."""

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES

DATABASES["default"]["CONN_MAX_AGE"] = 60
RUN_HEARTBEAT_SECONDS = 1
RUN_LOST_AFTER_SECONDS = 6
