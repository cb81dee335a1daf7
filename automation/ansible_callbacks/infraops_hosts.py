"""Loaded by ansible-playbook, not by us: tells of the hosts what its recap does not.

Into the file that INFRAOPS_HOSTS names go, as JSON:

unreached  the hosts of plays and batches (`serial`) that never began: a play that breaks off takes
           those behind it along
took_part  the hosts of the others: also one whose every task another host did for all (`run_once`)
"""

import json
import os
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase
from ansible.template import Templar

DOCUMENTATION = """
name: infraops_hosts
type: notification
short_description: hosts whose plays or batches began, and whose never did
description: Writes them into the file that INFRAOPS_HOSTS names.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "infraops_hosts"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.disabled = "INFRAOPS_HOSTS" not in os.environ
        self._to_come: list[Any] = []
        self._missing: dict[str, set[str]] = {}
        self._took_part: set[str] = set()

    def v2_playbook_on_start(self, playbook: Any) -> None:
        self._to_come = list(playbook.get_plays())

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """Once for each batch; what is named here is a copy with the key of the play itself."""
        key, hosts = _key(play), _hosts_of(play)
        self._missing.setdefault(key, set(hosts))
        # Of this batch, and not given up by an earlier play.
        here = hosts & {host.name for host in _inventory(play).get_hosts()}
        self._missing[key] -= here
        self._took_part |= here
        self._to_come = [later for later in self._to_come if _key(later) != key]

    def v2_playbook_on_stats(self, stats: Any) -> None:
        unreached = set().union(*self._missing.values(), *map(_hosts_of, self._to_come))
        hosts = {"unreached": sorted(unreached), "took_part": sorted(self._took_part)}
        Path(os.environ["INFRAOPS_HOSTS"]).write_text(json.dumps(hosts))


def _key(play: Any) -> str:
    # The runner counts batches behind an underscore.
    return str(play._uuid).partition("_")[0]


def _inventory(play: Any) -> Any:
    return play.get_variable_manager()._inventory


def _hosts_of(play: Any) -> set[str]:
    """All hosts of the play, as far as the run is limited to them."""
    pattern = play.hosts
    if not play.finalized:
        manager = play.get_variable_manager()
        templar = Templar(loader=play.get_loader(), variables=manager.get_vars(play=play))
        pattern = templar.template(pattern)
    hosts = _inventory(play).get_hosts(pattern or "all", ignore_restrictions=True)
    return {host.name for host in hosts}
