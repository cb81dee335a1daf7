"""What a console process knows about an outage of its database."""

import logging
import threading
import time

from schema.outages import GONE, Outage, Trouble, trouble_of
from schema.retrying import reconnect

logger = logging.getLogger(__name__)

# At most so often a request looks whether the database is back.
LOOK_SECONDS = 1.0


class DatabaseOutage(Outage):
    """One in each console process; each logs its own."""

    def __init__(self) -> None:
        super().__init__("Database", logger)
        self._trouble: Trouble | None = None
        self._look_at = 0.0
        self._looking = threading.Lock()

    @property
    def reason(self) -> str:
        """Why requests need not even try; "" if they may: a read-only database can be read."""
        return GONE.sentence if self.is_on and self._trouble is GONE else ""

    def note_error(self, error: BaseException | None) -> str:
        """A sentence for everybody if the error tells of an outage, which is then on; else ""."""
        trouble = trouble_of(error)
        if trouble is None:
            return ""
        self._trouble = trouble
        self.note(str(error))
        reconnect()
        return trouble.sentence

    def may_look(self) -> bool:
        """True for one caller every LOOK_SECONDS."""
        with self._looking:
            if time.monotonic() < self._look_at:
                return False
            self._look_at = time.monotonic() + LOOK_SECONDS
            return True

    def forget(self) -> None:
        """Only for tests."""
        self._began_at, self._failures, self._look_at = 0.0, 0, 0.0


outage = DatabaseOutage()
