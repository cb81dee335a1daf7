"""The test settings, but workers give up sooner and connections persist, as in production."""

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES

DATABASES["default"]["CONN_MAX_AGE"] = 60
# No run of the load takes this long unless it hangs.
RUN_DEADLINE_SECONDS = 240
WORKER_GRACE_SECONDS = 5
RUN_HEARTBEAT_SECONDS = 1
RUN_LOST_AFTER_SECONDS = 9
