"""What was done to the installation, and when."""

import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

# Kills and outages have effects for a while afterwards.
AFTERMATH = timedelta(seconds=15)


@dataclass
class Entry:
    kind: str
    what: str
    began_at: datetime
    ended_at: datetime | None = None


class Journal:
    """Prints each entry as it is made, with the seconds since the beginning."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self.entries: list[Entry] = []

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def note(self, kind: str, what: str) -> Entry:
        entry = Entry(kind, what, timezone.now())
        with self._lock:
            self.entries.append(entry)
        self.say(f"{kind}: {what}")
        return entry

    def end(self, entry: Entry) -> None:
        entry.ended_at = timezone.now()
        self.say(f"{entry.kind}: over")

    def say(self, text: str) -> None:
        print(f"{self.seconds:7.1f} s  {text}", flush=True)

    def explains(self, kinds: set[str], since: datetime | None, until: datetime) -> bool:
        """True if one of these faults was active between the two times, or shortly before."""
        return any(
            entry.kind in kinds
            and entry.began_at <= until
            and (since is None or (entry.ended_at or entry.began_at) + AFTERMATH >= since)
            for entry in self.entries
        )

    def counts(self) -> Counter[str]:
        return Counter(entry.kind for entry in self.entries)
