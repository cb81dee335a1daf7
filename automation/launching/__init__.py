"""From a request by a person, a key or a schedule to a waiting run."""

from .digests import PlanChanged
from .intentions import Intention
from .launches import Choice, InventoryPart, Launch, Origin, SeveralInventories
from .relaunching import Only, launch_from, relaunch_problem
from .verbs import Launched, digest_of_launch, launch, rehearse, was_made_by

__all__ = [
    "Choice",
    "Intention",
    "InventoryPart",
    "Launch",
    "Launched",
    "Only",
    "Origin",
    "PlanChanged",
    "SeveralInventories",
    "digest_of_launch",
    "launch",
    "launch_from",
    "rehearse",
    "relaunch_problem",
    "was_made_by",
]
